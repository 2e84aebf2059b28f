// Hooks for what changes: values that are told whole, and lists and pages that are asked for again when told to.

import { signal } from "@preact/signals";
import type { DocumentInput } from "@urql/core";
import { type AnyVariables, stringifyDocument } from "@urql/core";
import { useQuery } from "@urql/preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { returns, socket } from "./connection";

const AGAIN_MS = 1_000;
const WAIT_MS = 3_000;

type Told = { cursor: string } | unknown;
type Variables = Record<string, unknown>;

// Tell of each value of a subscription, from the last cursor on after each interruption. Returns what ends it.
function follow<Data>(document: DocumentInput<Data, never>, variables: Variables, tell: (data: Data) => void): () => void {
  // graphql-ws sends this object as it is then whenever it comes back, so the newest cursor is kept in it.
  const payload = { query: stringifyDocument(document as DocumentInput), variables: { ...variables } };
  let end = () => undefined as void;
  let isOver = false;
  const begin = () => {
    end = socket.subscribe<Data>(payload, {
      next: ({ data, errors }) => {
        if (errors) return refused(errors[0]?.extensions?.["code"]);
        if (!data) return;
        const [told] = Object.values(data) as Told[];
        const cursor = (told as { cursor?: string } | null)?.cursor;
        if (cursor) payload.variables["after"] = cursor;
        tell(data);
      },
      error: (errors) => refused(Array.isArray(errors) ? errors[0]?.extensions?.["code"] : undefined),
      complete: () => undefined,
    });
  };
  const refused = (code: unknown) => {
    if (isOver) return;
    if (code === "CURSOR_EXPIRED") {
      delete payload.variables["after"];
      returns.value += 1;
    }
    setTimeout(() => isOver || begin(), WAIT_MS);
  };
  begin();
  return () => {
    isOver = true;
    end();
  };
}

// The newest value of a subscription that tells all of it each time; undefined before the first.
export function useWatched<Data>(document: DocumentInput<Data, never>): Data | undefined {
  const [value, setValue] = useState<Data>();
  useEffect(() => follow(document, {}, setValue), [document]);
  return value;
}

// Calls `tell` with each change of a feed.
export function useChanges<Data>(document: DocumentInput<Data, never>, variables: Variables, tell: (data: Data) => void): void {
  const newest = useRef(tell);
  newest.current = tell;
  useEffect(() => follow<Data>(document, variables, (data) => newest.current(data)), [document, JSON.stringify(variables)]);
}

// The answer to a query, and a function that asks it again soon: at once, then once a second at most.
export function useAsked<Data, Given extends AnyVariables>(query: DocumentInput<Data, Given>, variables: Given) {
  const [answer, ask] = useQuery({ query, variables });
  const asked = useRef({ at: 0, timer: 0 });
  const again = () => {
    const state = asked.current;
    if (state.timer) return;
    const wait = Math.max(0, state.at + AGAIN_MS - Date.now());
    state.timer = window.setTimeout(() => {
      asked.current = { at: Date.now(), timer: 0 };
      ask({ requestPolicy: "network-only" });
    }, wait);
  };
  useEffect(() => () => window.clearTimeout(asked.current.timer), []);
  useEffect(() => {
    if (returns.value > 0) again();
  }, [returns.value]);
  return { ...answer, again };
}

export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 1_000);
