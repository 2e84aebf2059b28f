// All jobs by where they stand, as shares of one bar.

import { grouped } from "../../format/amounts";
import { word } from "../../format/names";
import type { JobStatsSubscription } from "../../generated/graphql";
import { Card } from "../../parts/page";

export function StatusBar({ jobs }: { jobs: JobStatsSubscription["jobStats"] }) {
  const present = jobs.byStatus.filter(({ count }) => count > 0);
  return (
    <Card title="Where jobs stand">
      <div class="shares" aria-hidden="true">
        {present.map(({ status, count }) => <span key={status} class={`fill-${status.toLowerCase()}`} style={{ flexGrow: count }} />)}
      </div>
      <ul class="legend">
        {jobs.byStatus.filter(({ status, count }) => count > 0 || status !== "CANCELLED").map(({ status, count }) => (
          <li key={status}>
            <a href={`/jobs?status=${status}`}>
              <span class={`swatch fill-${status.toLowerCase()}`} aria-hidden="true" />
              {word(status)}
              <span class="count">{grouped(count)}</span>
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}
