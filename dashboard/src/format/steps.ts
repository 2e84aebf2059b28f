// A job's way, as six steps, and how far along it a job is.

import type { EscrowStatus, JobStatus } from "../generated/graphql";

export const STEPS = ["Created", "Sent", "Running", "Done", "Confirmed", "Paid"] as const;

export interface Progress {
  // How many of the steps are behind it; the last of these is where it stands.
  reached: number;
  label: string;
  tone: "wait" | "work" | "good" | "bad";
}

const BY_STATUS: Record<JobStatus, Progress> = {
  CREATED: { reached: 1, label: "Created", tone: "wait" },
  ASSIGNED: { reached: 2, label: "Sent to agent", tone: "wait" },
  RUNNING: { reached: 3, label: "Running", tone: "work" },
  COMPLETED: { reached: 4, label: "Done", tone: "good" },
  FAILED: { reached: 3, label: "Failed", tone: "bad" },
  CANCELLED: { reached: 1, label: "Cancelled", tone: "bad" },
};

// The money goes before the work: what the renter has confirmed is confirmed, whatever the agent said.
export function progress(status: JobStatus, escrow: EscrowStatus): Progress {
  if (escrow === "CLAIMED") return { reached: 6, label: "Paid out", tone: "good" };
  if (escrow === "CONFIRMED") return { reached: 5, label: "Confirmed", tone: "good" };
  return BY_STATUS[status];
}
