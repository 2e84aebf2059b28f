// How fresh our copy of each chain is.

import { CHAIN_NAMES } from "../../format/names";
import { grouped } from "../../format/amounts";
import type { ChainRowFragment } from "../../generated/graphql";
import { Card } from "../../parts/page";
import { Empty, Loading } from "../../parts/states";
import { Ago } from "../../parts/text";
import { useChains } from "../../shell/chains";

const CARRIES = { BSC: "jobs and payments", OPBNB: "providers and reputation" };

export function ChainCards() {
  const chains = useChains();
  return (
    <Card title="Chains">
      {!chains && <Loading rows={2} />}
      {chains?.length === 0 && <Empty title="Nothing indexed yet">The indexer has not written its first block.</Empty>}
      {chains?.map((chain) => <ChainCard key={chain.chain} chain={chain} />)}
    </Card>
  );
}

function ChainCard({ chain }: { chain: ChainRowFragment }) {
  const behind = chain.lagBlocks ?? 0;
  return (
    <div class="chain">
      <p class="chain-name">
        <span class={`dot ${chain.ready ? "good" : "warn"}`} aria-hidden="true" />
        <strong>{CHAIN_NAMES[chain.chain]}</strong>
        <span class="muted">{CARRIES[chain.chain]}</span>
      </p>
      <p class="chain-block">
        <span class="amount">{chain.indexed ? <><span class="unit">Block</span> {grouped(chain.indexed.number)}</> : "No block yet"}</span>
        <span class="muted">{chain.indexed && <Ago at={chain.indexed.timestamp} />}</span>
      </p>
      <p class="muted small">
        {!chain.ready ? chain.reason : behind === 0 ? "At the head" : `${grouped(behind)} ${behind === 1 ? "block" : "blocks"} behind`}
        {chain.finalized !== null && ` · final to ${grouped(chain.finalized)}`}
      </p>
    </div>
  );
}
