// The live feed: the jobs that moved last, newest first, each once.

import type { JobChangesSubscription, JobRowFragment } from "../generated/graphql";

export interface Row {
  job: JobRowFragment;
  isTakenBack?: boolean;
}

type Change = JobChangesSubscription["jobChanges"];

// A job that a reorganisation took back stays, marked, until others have moved it out: it must not vanish unseen.
export function withChange(rows: Row[], change: Pick<Change, "kind" | "jobId" | "byReorg" | "job">, limit: number): Row[] {
  const others = rows.filter(({ job }) => job.jobId !== change.jobId);
  if (change.job) return newestFirst([{ job: change.job }, ...others]).slice(0, limit);
  if (change.kind !== "REMOVED" || !change.byReorg) return rows;
  return rows.map((row) => (row.job.jobId === change.jobId ? { ...row, isTakenBack: true } : row));
}

// What a list that was read says, and what of the feed it does not know.
export function merged(rows: Row[], read: JobRowFragment[], limit: number): Row[] {
  const known = new Map(rows.map((row) => [row.job.jobId, row]));
  const found = new Set(read.map(({ jobId }) => jobId));
  const newer = (job: JobRowFragment) => {
    const ours = known.get(job.jobId);
    return ours && !ours.isTakenBack && ours.job.updatedAt > job.updatedAt ? ours : { job };
  };
  const takenBack = rows.filter(({ job, isTakenBack }) => isTakenBack && !found.has(job.jobId));
  return newestFirst([...takenBack, ...read.map(newer)]).slice(0, limit);
}

function newestFirst(rows: Row[]): Row[] {
  return [...rows].sort((one, other) => Date.parse(other.job.updatedAt) - Date.parse(one.job.updatedAt));
}
