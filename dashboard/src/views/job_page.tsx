// One job: where it stands and why, where its money is, and everything that happened to it.

import { useEffect, useState } from "preact/hooks";

import { useAsked, useChanges } from "../api/live";
import { finalityReached } from "../format/events";
import { gpuName, providerPath, short } from "../format/names";
import { JobChangesDocument, JobDocument, type JobQuery } from "../generated/graphql";
import { Standing } from "../parts/job_rows";
import { Card, Page } from "../parts/page";
import { Answered, Empty } from "../parts/states";
import { Bnb, Copy, Lookup } from "../parts/text";
import { useChains } from "../shell/chains";
import { Delivery } from "./job/delivery";
import { SpecCard } from "./job/spec_card";
import { Timeline } from "./job/timeline";
import { Why } from "./job/why";

export type Job = NonNullable<JobQuery["job"]>;

export function JobPage({ jobId }: { jobId: string }) {
  const answer = useAsked(JobDocument, { jobId });
  const [isTakenBack, setTakenBack] = useState(false);
  useChanges(JobChangesDocument, { jobId }, ({ jobChanges: change }) => {
    setTakenBack(change.byReorg && change.kind === "REMOVED");
    answer.again();
  });
  const job = answer.data?.job;
  const reached = finalityReached(job?.timeline ?? [], useChains() ?? []);
  useEffect(() => {
    if (reached) answer.again();
  }, [reached]);
  const title = <>Job <span class="mono">{short(jobId)}</span><Copy text={jobId} what="job id" /></>;
  return (
    <Page title={title} name={`Job ${short(jobId)}`} lead={job && <Bnb wei={job.payment} />} aside={job && <Standing job={job} />}>
      <Answered answer={answer} rows={8}>
        {({ job }) => job ? <Story job={job} again={answer.again} /> : <Gone isTakenBack={isTakenBack} />}
      </Answered>
    </Page>
  );
}

function Story({ job, again }: { job: Job; again: () => void }) {
  return (
    <>
      <Why job={job} again={again} />
      <div class="columns">
        <Card title="Timeline">
          <Timeline events={job.timeline} />
        </Card>
        <div class="stack">
          <Parties job={job} />
          <Delivery job={job} />
          <SpecCard job={job} again={again} />
        </div>
      </div>
    </>
  );
}

function Parties({ job }: { job: Job }) {
  return (
    <Card title="Who and how much">
      <dl class="pairs">
        <dt>Payment</dt>
        <dd><Bnb wei={job.payment} /></dd>
        <dt>Escrow</dt>
        <dd>{{ HELD: "Held by the contract", CONFIRMED: "Released to the provider", CLAIMED: "Taken by the provider" }[job.escrow]}</dd>
        <dt>Renter</dt>
        <dd><Lookup chain="BSC" kind="address" text={job.renter} what="renter's address" /></dd>
        <dt>Provider</dt>
        <dd>{job.providerAddress ? <a href={providerPath(job.providerAddress)}>{job.provider ? gpuName(job.provider.gpuModel) : short(job.providerAddress)}</a> : "nobody"}</dd>
        <dt>Created in</dt>
        <dd>
          <Lookup chain="BSC" kind="tx" text={job.source.transactionHash} what="transaction" />
          <span class="muted small">{job.source.block.final ? "final" : "not final yet"}</span>
        </dd>
      </dl>
    </Card>
  );
}

function Gone({ isTakenBack }: { isTakenBack: boolean }) {
  if (isTakenBack)
    return <Empty title="Taken back by a reorganisation">The block that created this job left BSC. If its transaction is mined again, the job comes back here by itself.</Empty>;
  return <Empty title="No such job">Nobody has created it on BSC yet. If you have just sent the transaction, stay: it appears by itself.</Empty>;
}
