// What happened to a job, in three strands: on BSC, off chain, on opBNB.

import { inOrder, isBad, strand, STRAND_NAMES, STRANDS, title } from "../../format/events";
import { clock, gap, utc } from "../../format/times";
import { Lookup } from "../../parts/text";
import type { Job } from "../job_page";

type Event = Job["timeline"][number];

export function Timeline({ events }: { events: Event[] }) {
  const ordered = inOrder(events);
  return (
    <div class="timeline">
      <div class="strand-names" aria-hidden="true">
        {STRANDS.map((each) => <span key={each}>{STRAND_NAMES[each]}</span>)}
      </div>
      <ol>
        {ordered.map((event, index) => <Step key={index} event={event} before={ordered[index - 1]} />)}
      </ol>
    </div>
  );
}

function Step({ event, before }: { event: Event; before: Event | undefined }) {
  const where = strand(event.source);
  return (
    <li class={isBad(event.kind) ? "bad" : ""}>
      <span class="strands" aria-hidden="true">
        {STRANDS.map((each) => <span key={each} class={each === where ? `at ${each.toLowerCase()}` : ""} />)}
      </span>
      <span class="step">
        <span class="step-title">{title(event.kind)}<span class="unseen">, {STRAND_NAMES[where]}</span></span>
        {event.detail && <span class="muted small">{event.detail}</span>}
        {event.source && (
          <span class="small step-source">
            <Lookup chain={event.source.block.chain} kind="tx" text={event.source.transactionHash} what="transaction" />
            <span class="muted">block {event.source.block.number}{event.source.block.final ? "" : ", not final yet"}</span>
          </span>
        )}
      </span>
      <span class="step-time">
        <time dateTime={event.at} title={utc(event.at)}>{clock(event.at)}</time>
        {before && <span class="muted small">{gap(before.at, event.at)}</span>}
      </span>
    </li>
  );
}
