// One line under the header when not all is live: the connection is lost, has come back, or a chain does not move.

import { connection } from "../api/connection";
import { now } from "../api/live";
import type { ChainRowFragment } from "../generated/graphql";
import { CHAIN_NAMES } from "../format/names";
import { clock, span } from "../format/times";

const BLINK_MS = 1_200;
const BACK_SHOWN_MS = 12_000;

export function ConnectionNotice({ chains }: { chains: ChainRowFragment[] | undefined }) {
  const notice = connectionNotice() ?? chainNotice(chains ?? []);
  return (
    <div role="status" aria-live="polite">
      {notice && (
        <p class={`notice ${notice.tone}`}>
          <span class="dot" aria-hidden="true" />
          {notice.text}
        </p>
      )}
    </div>
  );
}

function connectionNotice() {
  const state = connection.value;
  if (state.state === "lost" && now.value - state.lostAt.getTime() > BLINK_MS)
    return { tone: "warn", text: `Connection lost at ${clock(state.lostAt)}. What you see is from then; it comes back by itself.` };
  if (state.state === "live" && state.awayMs > BLINK_MS && now.value - state.since.getTime() < BACK_SHOWN_MS)
    return { tone: "good", text: `Live again after ${span(state.awayMs)}. Everything that happened meanwhile is here.` };
  return undefined;
}

function chainNotice(chains: ChainRowFragment[]) {
  const troubled = chains.filter(({ ready }) => !ready);
  if (troubled.length === 0) return undefined;
  const text = troubled.map(({ chain, reason }) => `${CHAIN_NAMES[chain]}: ${reason ?? "not up to date"}`).join(" · ");
  return { tone: "warn", text: `Not up to date. ${text}` };
}
