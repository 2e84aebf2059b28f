// Hand a job out again, by its id.

import { useState } from "preact/hooks";

import { RetryDispatchDocument } from "../../generated/graphql";
import { Act } from "../../parts/act";
import { Field } from "../../parts/field";
import { Card } from "../../parts/page";

export function RetryForm() {
  const [jobId, setJobId] = useState("");
  return (
    <Card title="Retry a job">
      <p class="muted">An open job goes to its agent again at once; one that failed is run once more.</p>
      <div class="form">
        <Field label="Job id">
          {(id) => <input id={id} class="mono" value={jobId} placeholder="0x and 64 hex digits" onInput={(event) => setJobId(event.currentTarget.value.trim())} autocomplete="off" spellcheck={false} />}
        </Field>
        <Act document={RetryDispatchDocument} variables={{ jobId }} name="Hand it out again" done="Handed out again." />
      </div>
    </Card>
  );
}
