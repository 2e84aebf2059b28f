// Run what docs/subscriptions.md has a page do: node resume.mjs <url> <query> <its code>
//
// Prints each change that the code shows.

import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, query, code] = process.argv.slice(2);
const retryWait = () => new Promise((resolve) => setTimeout(resolve, 100));
const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 100, retryWait, shouldRetry: () => true });
const show = (change) => console.log(JSON.stringify(change));
const AsyncFunction = (async () => {}).constructor;

await new AsyncFunction("client", "query", "show", code)(client, query, show);
