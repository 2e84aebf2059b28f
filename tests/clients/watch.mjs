// Print each event of a subscription as a line of JSON: node watch.mjs <websocket url> <query> <variables as JSON>

import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, query, variables] = process.argv.slice(2);
const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });

for await (const event of client.iterate({ query, variables: JSON.parse(variables) })) {
  console.log(JSON.stringify(event));
}
