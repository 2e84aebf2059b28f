// All jobs, by where they stand.

import { useLocation } from "preact-iso";

import type { JobFilter, JobStatus } from "../generated/graphql";
import { Choices } from "../parts/choices";
import { JobList } from "../parts/job_list";
import { Card, Page } from "../parts/page";

const OPTIONS = [
  ["", "All"],
  ["CREATED", "Created"],
  ["ASSIGNED", "Sent"],
  ["RUNNING", "Running"],
  ["COMPLETED", "Completed"],
  ["FAILED", "Failed"],
] as const;

export function Jobs() {
  const { query, route } = useLocation();
  const status = (query["status"] ?? "") as JobStatus | "";
  const filter: JobFilter = status ? { status } : {};
  return (
    <Page title="Jobs" name="Jobs" lead="Each was paid for on BSC; the payment stays in escrow until its renter confirms the result.">
      <Choices label="Status" options={OPTIONS} value={status} onChoose={(chosen) => route(chosen ? `/jobs?status=${chosen}` : "/jobs", true)} />
      <Card>
        <JobList filter={filter} label="Jobs" empty="No job stands here" hint="One appears by itself when it comes this far." />
      </Card>
    </Page>
  );
}
