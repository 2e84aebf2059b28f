// What happened over time: jobs, what was paid in, and how many providers were seen.

import { useEffect, useRef, useState } from "preact/hooks";

import { useAsked, useChanges } from "../../api/live";
import { bnb, coins, grouped } from "../../format/amounts";
import { asInterval, intervalFor, LENGTHS, OPTIONS } from "../../format/intervals";
import { ActivityDocument, type ActivityQuery, type Interval, JobChangesDocument, JobsDocument } from "../../generated/graphql";
import { Chart } from "../../parts/chart";
import { Choices } from "../../parts/choices";
import { Answered } from "../../parts/states";

const KEY = "lamda-interval";
const AGAIN_MS = 60_000;

type Point = ActivityQuery["activity"][number];

const CHARTS = [
  { title: "Jobs created", value: (point: Point) => point.jobsCreated, told: (value: number) => grouped(value), total: sumOf((point) => point.jobsCreated) },
  { title: "Paid in, BNB", value: (point: Point) => coins(point.volume), told: (value: number) => value.toFixed(4), total: (points: Point[]) => bnb(points.reduce((sum, { volume }) => sum + BigInt(volume), 0n).toString()) },
  { title: "Providers seen", value: (point: Point) => point.providersSeen, told: (value: number) => grouped(value), total: (points: Point[]) => `${Math.max(0, ...points.map(({ providersSeen }) => providersSeen))} at most` },
];

export function ActivityCharts() {
  const [chosen, choose] = useState(() => asInterval(localStorage.getItem(KEY)));
  const oldest = useAsked(JobsDocument, { orderBy: { field: "CREATED", direction: "ASC" }, first: 1 });
  // Judged once: charts that change their scale by themselves would be read wrongly.
  const opened = useRef<Interval>();
  if (oldest.data) opened.current ??= intervalFor(oldest.data.jobs.nodes[0]?.createdAt, Date.now());
  const interval = chosen ?? opened.current;
  const keep = (wanted: Interval) => {
    localStorage.setItem(KEY, wanted);
    choose(wanted);
  };
  return (
    <section class="charts" aria-label="Over time">
      <header class="section-head">
        <h2>Over time</h2>
        {interval && <Choices label="Interval" options={OPTIONS} value={interval} onChoose={keep} />}
      </header>
      {interval ? <Charts interval={interval} /> : <Answered answer={oldest} rows={4}>{() => null}</Answered>}
    </section>
  );
}

function Charts({ interval }: { interval: Interval }) {
  const activity = useAsked(ActivityDocument, { interval, last: LENGTHS[interval] });
  useChanges(JobChangesDocument, {}, activity.again);
  // Where nothing happens, time goes on all the same.
  useEffect(() => {
    const timer = setInterval(activity.again, AGAIN_MS);
    return () => clearInterval(timer);
  }, [interval]);
  return (
    <Answered answer={activity} rows={4}>
      {({ activity: points }) => (
        <div class="chart-row">
          {CHARTS.map(({ title, value, told, total }) => (
            <Chart key={title} title={title} total={total(points)} starts={points.map(({ start }) => start)} values={points.map(value)} told={told} interval={interval} />
          ))}
        </div>
      )}
    </Answered>
  );
}

function sumOf(value: (point: Point) => number): (points: Point[]) => string {
  return (points) => grouped(points.reduce((sum, point) => sum + value(point), 0));
}
