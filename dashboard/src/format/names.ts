// Names for people: short forms of what is long, and where it can be looked up.

import type { Chain } from "../generated/graphql";

export const CHAIN_NAMES: Record<Chain, string> = { BSC: "BSC", OPBNB: "opBNB" };

// "0x14dC…9955": enough to recognise, and what explorers show.
export function short(hex: string, digits = 4): string {
  return hex.length <= 2 + 2 * digits ? hex : `${hex.slice(0, 2 + digits)}…${hex.slice(-digits)}`;
}

export function explorerLink(base: string | null | undefined, kind: "tx" | "address" | "block", what: string | number): string | null {
  return base ? `${base.replace(/\/$/, "")}/${kind}/${what}` : null;
}

export function jobPath(jobId: string): string {
  return `/jobs/${jobId}`;
}

export function providerPath(address: string): string {
  return `/providers/${address}`;
}

// "CREATED" → "Created"
export function word(constant: string): string {
  return constant.charAt(0) + constant.slice(1).toLowerCase().replaceAll("_", " ");
}

// "NVIDIA GeForce RTX 4090" → "RTX 4090": everybody's card is from somebody, and rows are narrow.
export function gpuName(model: string): string {
  return model.replace(/^NVIDIA (GeForce )?/, "") || "Unknown GPU";
}
