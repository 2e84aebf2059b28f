// One series over time as bars, with what it comes to, or with the bar that is pointed at.

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import type { Interval } from "../generated/graphql";
import { scheme } from "../shell/scheme";
import { axisName, intervalName } from "../format/times";

const HEIGHT = 140;
const DIGIT = 7;
const AXIS_GAP = 12;
const SECONDS: Record<Interval, number> = { MINUTE: 60, HOUR: 3_600, DAY: 86_400, WEEK: 604_800 };

interface Series {
  title: string;
  total: string;
  starts: string[];
  values: number[];
  told: (value: number) => string;
  interval: Interval;
}

export function Chart({ title, total, starts, values, told, interval }: Series) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const [pointed, point] = useState<number | null>(null);
  const data: uPlot.AlignedData = [starts.map((start) => Date.parse(start) / 1000), values];

  useEffect(() => {
    const made = new uPlot(options(place.current!, interval, point), data, place.current!);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: place.current!.clientWidth, height: HEIGHT }));
    observer.observe(place.current!);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => made.redraw(false, true);
    dark.addEventListener("change", redraw);
    return () => {
      dark.removeEventListener("change", redraw);
      observer.disconnect();
      made.destroy();
    };
  }, [scheme.value, interval]);
  useEffect(() => plot.current?.setData(data), [starts.join(), values.join()]);

  const start = pointed === null ? undefined : starts[pointed];
  const summary = `${title}: ${total} in ${values.length} intervals; the newest has ${told(values.at(-1) ?? 0)}`;
  return (
    <figure class="card chart">
      <figcaption>
        <span class="muted">{start ? intervalName(start, interval) : title}</span>
        <strong class="amount">{start ? told(values[pointed!] ?? 0) : total}</strong>
      </figcaption>
      <div ref={place} role="img" aria-label={summary} />
    </figure>
  );
}

function options(place: HTMLElement, interval: Interval, point: (index: number | null) => void): uPlot.Options {
  const axis = { stroke: () => colour(place, "--muted"), font: "12px Geist Variable", ticks: { show: false } };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: true, range: (_, first, last) => around(first, last, interval) }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, space: 72, size: 28, values: (_, seconds) => seconds.map((each) => axisName(each * 1000, interval)) },
      { ...axis, grid: { stroke: () => colour(place, "--line"), width: 1 }, space: 40, size: widthOf },
    ],
    series: [
      {},
      {
        fill: () => colour(place, "--accent"),
        paths: uPlot.paths.bars!({ size: [0.7, 24], radius: 0.2 }),
        points: { show: false },
      },
    ],
    hooks: { setCursor: [(self) => point(self.cursor.idx ?? null)] },
  };
}

// As much room as the longest figure takes, so that the bars begin where the title does.
function widthOf(_: uPlot, values: string[] | null): number {
  return AXIS_GAP + DIGIT * Math.max(1, ...(values ?? []).map(({ length }) => length));
}

// The first and the last bar are as wide as the others.
function around(first: number, last: number, interval: Interval): [number, number] {
  const half = SECONDS[interval] / 2;
  return [first - half, last + half];
}

// A canvas knows no variables of CSS; a computed colour is one that it knows.
function colour(place: HTMLElement, token: string): string {
  place.style.color = `var(${token})`;
  return getComputedStyle(place).color;
}
