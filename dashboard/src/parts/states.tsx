// What is shown while there is nothing to show: loading, empty, broken; and that what is shown is not the newest.

import type { CombinedError } from "@urql/core";
import type { ComponentChildren } from "preact";

import { complaint } from "../api/client";

interface Answer<Data> {
  data?: Data;
  error?: CombinedError;
  fetching: boolean;
  again: () => void;
}

// Shows an answer, or why there is none. Data that we have stays when asking again fails.
export function Answered<Data>({ answer, rows = 4, children }: { answer: Answer<Data>; rows?: number; children: (data: Data) => ComponentChildren }) {
  const { data, error } = answer;
  return (
    <>
      {error && <Failure error={error} again={answer.again} />}
      {data ? children(data) : !error && <Loading rows={rows} />}
    </>
  );
}

export function Loading({ rows }: { rows: number }) {
  return (
    <div class="loading" role="status">
      <span class="unseen">Loading</span>
      {Array.from({ length: rows }, (_, row) => <span key={row} class="bone" />)}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

function Failure({ error, again }: { error: CombinedError; again: () => void }) {
  return (
    <div class="failure" role="alert">
      <p>{complaint(error)}</p>
      <button type="button" class="button quiet" onClick={again}>Try again</button>
    </div>
  );
}
