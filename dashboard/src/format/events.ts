// The steps of a job's timeline in words, and in which of three strands each happened.

export type Strand = "BSC" | "OFFCHAIN" | "OPBNB";

export const STRANDS: Strand[] = ["BSC", "OFFCHAIN", "OPBNB"];
export const STRAND_NAMES: Record<Strand, string> = { BSC: "BSC", OFFCHAIN: "Off chain", OPBNB: "opBNB" };

const TITLES: Record<string, string> = {
  created: "Job created and paid for",
  spec: "Renter said what to run",
  dispatched: "Sent to the provider's agent",
  retry: "Retry asked for",
  processing: "Agent began",
  completed: "Agent delivered a result",
  failed: "Agent reported a failure",
  confirmed: "Renter confirmed the result",
  claimed: "Provider took the payment",
  "credit adopted": "Credit was on chain before this database",
  "credit signed": "Credit signed",
  "credit sent": "Credit sent to opBNB",
  "credit mined": "Provider's reputation raised",
  "credit failed": "Credit failed",
  "credit blocked": "Credit refused by the contract",
  "release signed": "Release of a stuck nonce signed",
  "release sent": "Release of a stuck nonce sent",
};

const BAD = new Set(["failed", "credit failed", "credit blocked"]);

export function title(kind: string): string {
  return TITLES[kind] ?? kind.charAt(0).toUpperCase() + kind.slice(1);
}

export function isBad(kind: string): boolean {
  return BAD.has(kind);
}

export function strand(source: { block: { chain: "BSC" | "OPBNB" } } | null): Strand {
  return source?.block.chain ?? "OFFCHAIN";
}

// Blocks tell whole seconds, everything else microseconds: what a block holds counts as of the end of its second, or a
// credit would be mined before it was sent.
export function inOrder<Event extends { at: string; source: unknown }>(events: Event[]): Event[] {
  const moment = ({ at, source }: Event) => Date.parse(at) + (source ? 999 : 0);
  return [...events].sort((one, other) => moment(one) - moment(other));
}

interface Placed {
  source: { block: { chain: "BSC" | "OPBNB"; number: number; final: boolean } } | null;
}

// Nobody is told when a block becomes final. What this returns changes when one that is shown as open may be: ask then.
export function finalityReached(events: Placed[], chains: { chain: string; finalized: number | null }[]): string {
  const open = events.flatMap(({ source }) => (source && !source.block.final ? [source.block] : []));
  const reached = chains.filter(({ chain, finalized }) => open.some((block) => block.chain === chain && block.number <= (finalized ?? -1)));
  return reached.map(({ chain, finalized }) => `${chain} ${finalized}`).join();
}
