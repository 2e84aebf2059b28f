// Jobs as rows, each with how far it has come: the same in every list.

import type { Row } from "../format/feed";
import { gpuName, jobPath, short } from "../format/names";
import { progress, STEPS } from "../format/steps";
import type { JobRowFragment } from "../generated/graphql";
import { Ago, Bnb } from "./text";


export function JobRows({ rows, label }: { rows: Row[]; label: string }) {
  return (
    <ul class="job-rows" aria-label={label}>
      {rows.map((row) => <JobRow key={`${row.job.jobId} ${row.job.updatedAt}`} {...row} />)}
    </ul>
  );
}

function JobRow({ job, isTakenBack = false }: Row) {
  const isNew = Date.now() - Date.parse(job.updatedAt) < 3_000;
  return (
    <li class={`job-row ${isNew ? "fresh" : ""} ${isTakenBack ? "taken-back" : ""}`} data-job={job.jobId}>
      <a class="mono job-id" href={jobPath(job.jobId)}>{short(job.jobId)}</a>
      {isTakenBack ? <span class="standing bad">Taken back by a reorg</span> : <Standing job={job} />}
      <span class="job-gpu">{runner(job)}</span>
      <Bnb wei={job.payment} />
      <span class="muted when"><Ago at={job.updatedAt} /></span>
    </li>
  );
}

function runner({ provider, providerAddress }: JobRowFragment): string {
  if (provider?.gpuModel) return gpuName(provider.gpuModel);
  return providerAddress ? short(providerAddress) : "nobody";
}

export function Standing({ job }: { job: Pick<JobRowFragment, "status" | "escrow"> }) {
  const { reached, label, tone } = progress(job.status, job.escrow);
  return (
    <span class={`standing ${tone}`}>
      <Track reached={reached} />
      {label}
    </span>
  );
}

function Track({ reached }: { reached: number }) {
  return (
    <span class="track" role="img" aria-label={`step ${reached} of ${STEPS.length}`}>
      {STEPS.map((step, index) => <span key={step} class={index < reached ? "behind" : ""} />)}
    </span>
  );
}
