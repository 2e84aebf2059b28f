// Jobs moving through their states, newest first; somebody who wants to read can hold it.

import { useEffect, useState } from "preact/hooks";

import { useAsked, useChanges } from "../../api/live";
import { merged, type Row, withChange } from "../../format/feed";
import { JobChangesDocument, JobsDocument } from "../../generated/graphql";
import { PauseIcon, PlayIcon } from "../../parts/icons";
import { JobRows } from "../../parts/job_rows";
import { Card } from "../../parts/page";
import { Answered, Empty } from "../../parts/states";

const SHOWN = 16;

export function LiveFeed() {
  const [rows, setRows] = useState<Row[]>([]);
  const [held, setHeld] = useState<Row[]>();
  const newest = useAsked(JobsDocument, { orderBy: { field: "UPDATED" }, first: SHOWN });
  useEffect(() => {
    if (newest.data) setRows((rows) => merged(rows, newest.data!.jobs.nodes, SHOWN));
  }, [newest.data]);
  useChanges(JobChangesDocument, {}, ({ jobChanges: change }) => {
    if (change.kind === "RESYNC") newest.again();
    else setRows((rows) => withChange(rows, change, SHOWN));
  });
  const hold = (
    <button type="button" class="button quiet small" aria-pressed={held !== undefined} onClick={() => setHeld(held ? undefined : rows)}>
      {held ? <PlayIcon /> : <PauseIcon />}
      {held ? "Go on" : "Hold"}
    </button>
  );
  return (
    <Card title="Jobs on the move" aside={hold} class="feed">
      <Answered answer={newest} rows={SHOWN}>
        {() => rows.length ? <JobRows rows={held ?? rows} label="Jobs that moved last" /> : <Empty title="No job yet">The first appears here the moment its block is mined.</Empty>}
      </Answered>
    </Card>
  );
}
