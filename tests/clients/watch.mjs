// Print each event of some subscriptions as a line of JSON: node watch.mjs <library> <url> <operations by name, as JSON>
//
// When the connection is lost both libraries come back by themselves. They send what the operation holds then, so an
// operation whose variables have an `after` resumes from the last cursor it was told.

import { createClient as createStreams } from "graphql-sse";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";

const [library, url, operations] = process.argv.slice(2);
const soon = () => new Promise((resolve) => setTimeout(resolve, 100));
const client =
  library === "graphql-ws"
    ? createSocket({ url, webSocketImpl: WebSocket, retryAttempts: 100, retryWait: soon, shouldRetry: () => true })
    : createStreams({ url, retryAttempts: 100, retry: soon });

async function follow(name, operation) {
  for await (const event of client.iterate(operation)) {
    const cursor = Object.values(event.data ?? {})[0]?.cursor;
    if (cursor && "after" in (operation.variables ?? {})) operation.variables.after = cursor;
    console.log(JSON.stringify({ name, event }));
  }
}

await Promise.all(Object.entries(JSON.parse(operations)).map(([name, operation]) => follow(name, operation)));
