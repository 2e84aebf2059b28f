// Use the client of docs/api.md: node document.mjs <file of its code> <query> <subscription> <variables as JSON>
//
// Prints the answer to the query, then each event of the subscription, then its close code once it has ended.

import { WebSocket } from "ws";

globalThis.WebSocket ??= WebSocket; // Browsers have it, and so has Node from 22 on.

const [file, query, subscription, variables] = process.argv.slice(2);
const { ask, watch } = await import(file);
const print = (value) => console.log(JSON.stringify(value));

print(await ask(query));
print(await ask("{ nothing }").catch(({ message }) => message));
const stop = watch(subscription, JSON.parse(variables), print, { onEnd: print });
process.stdin.once("data", stop).once("close", () => process.exit());
