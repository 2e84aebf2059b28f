// A list of jobs that keeps itself up to date, and grows by a page at a time.

import { useState } from "preact/hooks";

import { useAsked, useChanges } from "../api/live";
import { JobChangesDocument, type JobFilter, JobsDocument } from "../generated/graphql";
import { JobHead, JobRows, type Party } from "./job_rows";
import { Answered, Empty } from "./states";

const PAGE = 25;
const ROWS_MAX = 500;

// More rows are asked for from the top, not from a cursor on: one answer is one moment, and rows move.
export function JobList({ filter, label, empty, hint, party = "provider" }: { filter: JobFilter; label: string; empty: string; hint?: string; party?: Party }) {
  const [first, setFirst] = useState(PAGE);
  const jobs = useAsked(JobsDocument, { filter, first });
  useChanges(JobChangesDocument, { filter }, jobs.again);
  return (
    <Answered answer={jobs} rows={8}>
      {({ jobs: { nodes, pageInfo } }) => (
        <>
          {nodes.length > 0 && <JobHead party={party} />}
          {nodes.length ? <JobRows rows={nodes.map((job) => ({ job }))} label={label} moment="createdAt" party={party} /> : <Empty title={empty}>{hint}</Empty>}
          {pageInfo.hasNextPage && first < ROWS_MAX && (
            <button type="button" class="button quiet more" onClick={() => setFirst(Math.min(ROWS_MAX, first * 2))}>Show more</button>
          )}
        </>
      )}
    </Answered>
  );
}
