// Jobs as rows, each with how far it has come: the same in every list.

import type { Row } from "../format/feed";
import { gpuName, jobPath, short } from "../format/names";
import { progress, STEPS } from "../format/steps";
import type { JobRowFragment } from "../generated/graphql";
import { Ago, Bnb } from "./text";

// What a list is ordered by is the moment that its rows tell; of one party's jobs, the other party is.
export type Moment = "createdAt" | "updatedAt";
export type Party = "provider" | "renter";

interface JobRows {
  rows: Row[];
  label: string;
  moment?: Moment;
  party?: Party;
}

export function JobRows({ rows, label, moment = "updatedAt", party = "provider" }: JobRows) {
  return (
    <ul class="job-rows" aria-label={label}>
      {rows.map((row) => <JobRow key={`${row.job.jobId} ${row.job.updatedAt}`} {...row} moment={moment} party={party} />)}
    </ul>
  );
}

// Each row says for itself what it is; this is for eyes that run down a column.
export function JobHead({ party }: { party: Party }) {
  return (
    <div class="job-row job-head" aria-hidden="true">
      <span>Job</span>
      <span>Standing</span>
      <span>{party === "provider" ? "Provider" : "Renter"}</span>
      <span>Payment</span>
      <span>Created</span>
    </div>
  );
}

function JobRow({ job, isTakenBack = false, moment, party }: Row & { moment: Moment; party: Party }) {
  const isNew = Date.now() - Date.parse(job.updatedAt) < 3_000;
  return (
    <li class={`job-row ${isNew ? "fresh" : ""} ${isTakenBack ? "taken-back" : ""}`} data-job={job.jobId}>
      <a class="mono job-id" href={jobPath(job.jobId)}>{short(job.jobId)}</a>
      {isTakenBack ? <span class="standing bad">Taken back by a reorg</span> : <Standing job={job} />}
      <span class="job-gpu">{party === "provider" ? runner(job) : <span class="mono">{short(job.renter)}</span>}</span>
      <Bnb wei={job.payment} />
      <span class="muted when"><Ago at={job[moment]} /></span>
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
