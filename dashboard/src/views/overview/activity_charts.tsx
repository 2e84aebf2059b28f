// What happened over time: jobs, what was paid in, and how many providers were seen.

import { useState } from "preact/hooks";

import { useAsked, useChanges } from "../../api/live";
import { bnb, coins, grouped } from "../../format/amounts";
import { ActivityDocument, type ActivityQuery, type Interval, JobChangesDocument } from "../../generated/graphql";
import { Chart } from "../../parts/chart";
import { Choices } from "../../parts/choices";
import { Answered } from "../../parts/states";

const LENGTHS: Record<Interval, number> = { HOUR: 24, DAY: 30, WEEK: 26 };
const OPTIONS = [["HOUR", "24 hours"], ["DAY", "30 days"], ["WEEK", "26 weeks"]] as const;

type Point = ActivityQuery["activity"][number];

const CHARTS = [
  { title: "Jobs created", value: (point: Point) => point.jobsCreated, told: (value: number) => grouped(value), total: sumOf((point) => point.jobsCreated) },
  { title: "Paid in, BNB", value: (point: Point) => coins(point.volume), told: (value: number) => value.toFixed(4), total: (points: Point[]) => bnb(points.reduce((sum, { volume }) => sum + BigInt(volume), 0n).toString()) },
  { title: "Providers seen", value: (point: Point) => point.providersSeen, told: (value: number) => grouped(value), total: (points: Point[]) => `${Math.max(0, ...points.map(({ providersSeen }) => providersSeen))} at most` },
];

export function ActivityCharts() {
  const [interval, setInterval] = useState<Interval>("DAY");
  const activity = useAsked(ActivityDocument, { interval, last: LENGTHS[interval] });
  useChanges(JobChangesDocument, {}, activity.again);
  return (
    <section class="charts" aria-label="Over time">
      <header class="section-head">
        <h2>Over time</h2>
        <Choices label="Interval" options={OPTIONS} value={interval} onChoose={setInterval} />
      </header>
      <Answered answer={activity} rows={4}>
        {({ activity: points }) => (
          <div class="chart-row">
            {CHARTS.map(({ title, value, told, total }) => (
              <Chart key={title} title={title} total={total(points)} starts={points.map(({ start }) => start)} values={points.map(value)} told={told} interval={interval} />
            ))}
          </div>
        )}
      </Answered>
    </section>
  );
}

function sumOf(value: (point: Point) => number): (points: Point[]) => string {
  return (points) => grouped(points.reduce((sum, point) => sum + value(point), 0));
}
