// Why the job stands where it stands, whose turn it is, and what they can do; for admins a button to have it done.

import { me } from "../../api/session";
import { advise } from "../../format/explain";
import { RetryDispatchDocument } from "../../generated/graphql";
import { Act } from "../../parts/act";
import type { Job } from "../job_page";

export function Why({ job, again }: { job: Job; again: () => void }) {
  if (!job.reason) return <p class="why done">All done: the job was run, paid for and credited.</p>;
  const { isTrouble, turn, hint } = advise(job.reason);
  const canRetry = me.value?.isAdmin && job.escrow === "HELD" && job.status !== "COMPLETED" && job.dispatch;
  return (
    <section class={`why ${isTrouble ? "trouble" : ""}`} aria-label="Why it stands where it stands">
      <p class="why-turn">{isTrouble ? "Stuck · waiting" : "Waiting"} for {turn}</p>
      <p class="why-reason">{sentence(job.reason)}</p>
      {hint && <p class="muted">{hint}</p>}
      {canRetry && <Act document={RetryDispatchDocument} variables={{ jobId: job.jobId }} name="Hand it out again" done="Handed out again." then={again} />}
    </section>
  );
}

function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}
