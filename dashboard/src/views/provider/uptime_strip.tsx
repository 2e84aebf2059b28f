// A bar for each day that is over and final, as high as the share of it that the provider was online.

import { percent } from "../../format/amounts";
import { Empty } from "../../parts/states";

const GOOD = 0.99;
const FAIR = 0.9;

export function UptimeStrip({ days }: { days: (number | null)[] }) {
  if (days.every((day) => day === null))
    return <Empty title="No whole day yet">A day counts once it is over and final.</Empty>;
  return (
    <ol class="uptime" aria-label={`${days.length} days, oldest first`}>
      {days.map((share, index) => {
        const when = index === days.length - 1 ? "newest day" : `${days.length - 1 - index} days before`;
        const told = `${when}: ${share === null ? "not there yet" : percent(share)}`;
        return (
          <li key={index} title={told} class={tone(share)}>
            <span style={{ height: `${Math.max(4, 100 * (share ?? 0))}%` }} />
            <span class="unseen">{told}</span>
          </li>
        );
      })}
    </ol>
  );
}

function tone(share: number | null): string {
  if (share === null) return "none";
  return share >= GOOD ? "good" : share >= FAIR ? "warn" : "bad";
}
