// A renter says what to run for a job, before or after it is on chain.

import { useMutation } from "@urql/preact";
import { useState } from "preact/hooks";

import { complaint } from "../api/client";
import { type JobSpecInput, SubmitJobSpecDocument } from "../generated/graphql";
import { type Outcome, Told } from "./act";
import { Field } from "./field";

const JOB_ID = { name: "jobId", label: "Job id", placeholder: "0x and 64 hex digits", isRequired: true };
const FIELDS = [
  { name: "dockerImage", label: "Docker image", placeholder: "registry/image:tag", isRequired: true },
  { name: "inputUrl", label: "Input URL", placeholder: "gnfd://bucket/input", isRequired: false },
  { name: "outputBucket", label: "Output bucket", placeholder: "bucket", isRequired: false },
  { name: "outputName", label: "Output name", placeholder: "result.tar", isRequired: false },
];

// Without a job id the renter gives one.
export function SpecForm({ jobId, then }: { jobId?: string; then?: () => void }) {
  const [{ fetching }, submit] = useMutation(SubmitJobSpecDocument);
  const [outcome, setOutcome] = useState<Outcome>();
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(event.currentTarget as HTMLFormElement)].filter(([, value]) => value)) as Record<string, string>;
    const { jobId: written, ...spec } = given;
    const { error } = await submit({ jobId: jobId ?? written ?? "", spec: spec as unknown as JobSpecInput });
    setOutcome(error ? { isGood: false, text: complaint(error) } : { isGood: true, text: "Handed in. It is sent once the job is final on BSC." });
    then?.();
  };
  return (
    <form class="form" aria-label="Hand in a spec" onSubmit={send}>
      {(jobId ? FIELDS : [JOB_ID, ...FIELDS]).map(({ name, label, placeholder, isRequired }) => (
        <Field key={name} label={label}>
          {(id) => <input id={id} class="mono" name={name} placeholder={placeholder} required={isRequired} autocomplete="off" spellcheck={false} />}
        </Field>
      ))}
      <button class="button" disabled={fetching}>Hand in</button>
      <Told outcome={outcome} />
    </form>
  );
}
