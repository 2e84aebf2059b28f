// Hooks for what changes: values that are told whole, and lists and pages that are asked for again when told to.

import { effect, signal, untracked } from "@preact/signals";
import type { DocumentInput } from "@urql/core";
import { type AnyVariables, stringifyDocument } from "@urql/core";
import { useQuery } from "@urql/preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { type Way, way, returns, socket } from "./connection";
import { askAgainAndAgain, streams } from "./over_http";
import { me } from "./session";

const AGAIN_MS = 1_000;
const WAIT_MS = 3_000;

type Told = { cursor: string } | unknown;
type Variables = Record<string, unknown>;
type End = () => void;
type Problems = readonly { extensions?: Record<string, unknown> | undefined }[] | undefined;

// Begin by the way that there is, and anew whenever there is another one. Returns what ends it.
function onEachWay(begin: (by: Way["by"]) => End): End {
  return effect(() => {
    const { by } = way.value;
    return untracked(() => begin(by));
  });
}

// Tell of each value of a subscription, from the last cursor on after each interruption.
function follow<Data>(document: DocumentInput<Data, never>, variables: Variables, tell: (data: Data) => void): (by: Way["by"]) => End {
  // Both clients send this object as it is then whenever they come back, so the newest cursor is kept in it.
  const payload = { query: stringifyDocument(document as DocumentInput), variables: { ...variables } };
  const heed = (data: Data) => {
    const [told] = Object.values(data as object) as Told[];
    const cursor = (told as { cursor?: string } | null)?.cursor;
    if (cursor) payload.variables["after"] = cursor;
    tell(data);
  };
  const learnFrom = (problems: Problems) => {
    const code = problems?.[0]?.extensions?.["code"];
    if (code === "UNAUTHENTICATED") me.value = null;
    if (code !== "CURSOR_EXPIRED") return;
    delete payload.variables["after"];
    returns.value += 1;
  };
  return (by) => (by === "nothing" ? () => undefined : keepSubscribed(by === "socket" ? socket : streams, payload, heed, learnFrom));
}

// Subscribe, and again a while after it ended for whatever reason. Returns what ends it.
function keepSubscribed<Data>(
  carrier: typeof socket | typeof streams,
  payload: { query: string; variables: Variables },
  heed: (data: Data) => void,
  learnFrom: (problems: Problems) => void,
): End {
  let leave = () => undefined as void;
  const begin = () => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (problems?: Problems) => {
      if (isOver) return;
      isOver = true;
      learnFrom(problems);
      end();
      timer = setTimeout(begin, WAIT_MS);
    };
    let end = () => undefined as void;
    end = carrier.subscribe<Data>(payload, {
      next: ({ data, errors }) => {
        if (isOver) return;
        if (errors) again(errors);
        else if (data) heed(data);
      },
      error: (errors) => again(Array.isArray(errors) ? errors : undefined),
      complete: () => again(),
    });
    leave = () => {
      isOver = true;
      clearTimeout(timer);
      end();
    };
  };
  begin();
  return () => leave();
}

// The newest value of a subscription that tells all of it each time; undefined before the first.
export function useWatched<Data>(document: DocumentInput<Data, never>): Data | undefined {
  const [value, setValue] = useState<Data>();
  useEffect(() => {
    const tell = (data: Data) => setValue(data);
    const told = follow(document, {}, tell);
    return onEachWay((by) => (by === "http" ? askAgainAndAgain(document, tell) : told(by)));
  }, [document]);
  return value;
}

// Calls `tell` with each change of a feed.
export function useChanges<Data>(document: DocumentInput<Data, never>, variables: Variables, tell: (data: Data) => void): void {
  const newest = useRef(tell);
  newest.current = tell;
  useEffect(() => onEachWay(follow<Data>(document, variables, (data) => newest.current(data))), [document, JSON.stringify(variables)]);
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
