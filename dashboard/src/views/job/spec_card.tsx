// What the job is to run: shown to those who may read it, and asked of its renter while it can still be said.

import { me } from "../../api/session";
import { vram } from "../../format/amounts";
import { Card } from "../../parts/page";
import { SpecForm } from "../../parts/spec_form";
import type { Job } from "../job_page";

export function SpecCard({ job, again }: { job: Job; again: () => void }) {
  const isRenter = me.value?.address === job.renter;
  const { spec } = job;
  const canSay = isRenter && !job.dispatch && job.escrow === "HELD" && job.status === "CREATED";
  return (
    <Card title="What to run">
      {spec ? (
        <dl class="pairs">
          <dt>Image</dt>
          <dd class="mono wrap">{spec.dockerImage}</dd>
          {spec.inputUrl && <><dt>Input</dt><dd class="mono wrap">{spec.inputUrl}</dd></>}
          {spec.outputBucket && <><dt>Output</dt><dd class="mono wrap">{spec.outputBucket}{spec.outputName && `/${spec.outputName}`}</dd></>}
          {spec.gpuModel && <><dt>GPU</dt><dd>{spec.gpuModel}</dd></>}
          {spec.minVramMib !== null && <><dt>Memory</dt><dd>{vram(spec.minVramMib)} or more</dd></>}
          {job.outputUrl && <><dt>Result</dt><dd class="mono wrap">{job.outputUrl}</dd></>}
        </dl>
      ) : (
        !canSay && <p class="muted">{job.hasSpec ? "Known to its renter, its provider and admins. Sign in as one of them to read it." : "The renter has not said yet."}</p>
      )}
      {canSay && <SpecForm jobId={job.jobId} then={again} />}
    </Card>
  );
}
