// What is live, where no WebSocket comes through: changes as events of a stream, values by asking every few seconds.
//
// A browser has six connections at most to a host that speaks HTTP/1.1, for all tabs together: so a stream is only opened
// for what cannot be asked for.

import { type DocumentInput, stringifyDocument } from "@urql/core";
import { createClient } from "graphql-sse";

import { client } from "./client";
import { came, connection, way, went } from "./connection";

const ASK_MS = 3_000;
const RETRY_MS = 3_000;

export const streams = createClient({
  url: "/graphql",
  retryAttempts: Infinity,
  retry: () => new Promise((resolve) => setTimeout(resolve, RETRY_MS)),
});

// Ask for what a subscription tells, and again every few seconds. Returns what ends it.
export function askAgainAndAgain<Data>(subscription: DocumentInput<Data, never>, tell: (data: Data) => void): () => void {
  const text = stringifyDocument(subscription as DocumentInput);
  // Each value that can be subscribed to can be asked for by the same name.
  const query = text.replace(/\bsubscription\b/, "query");
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = async () => {
    const { data, error } = await client.query(query, {}, { requestPolicy: "network-only" });
    if (isOver) return;
    timer = setTimeout(ask, ASK_MS);
    learnFrom(error?.networkError);
    if (data && !error) tell(data as Data);
  };
  void ask();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

// A stream may die unseen; that asking failed, and does not any more, is when all of them begin anew.
function learnFrom(trouble: Error | undefined): void {
  if (trouble) return went();
  const wasLost = connection.value.state === "lost";
  came();
  if (wasLost) way.value = { ...way.value };
}
