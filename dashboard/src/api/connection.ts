// The one WebSocket that everything live comes over, and what the page tells of it.
//
//     connecting  →  live  ⇄  lost        a server that restarts, a network that goes, a laptop that sleeps
//
// It comes back by itself, for as long as it takes. `returns` counts how often it did: what shows data asks again then.

import { signal } from "@preact/signals";
import { createClient } from "graphql-ws";

export type Connection =
  | { state: "connecting" }
  | { state: "live"; since: Date; awayMs: number }
  | { state: "lost"; lostAt: Date };

export const connection = signal<Connection>({ state: "connecting" });
export const returns = signal(0);

const PONG_MS_MAX = 5_000;
const WAIT_MS_MAX = 4_000;
const TICK_MS = 2_000;
const SLEPT_MS = 15_000;

let unanswered: ReturnType<typeof setTimeout> | undefined;

export const socket = createClient({
  url: location.origin.replace(/^http/, "ws") + "/graphql",
  lazy: false,
  keepAlive: 10_000,
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: (attempt) => pause(Math.min(WAIT_MS_MAX, 250 * 2 ** attempt) * (0.75 + Math.random() / 2)),
  onNonLazyError: () => undefined,
  on: {
    connected: () => came(),
    closed: () => went(),
    ping: (received) => {
      if (!received) unanswered = setTimeout(() => socket.terminate(), PONG_MS_MAX);
    },
    pong: (received) => {
      if (received) clearTimeout(unanswered);
    },
  },
});

function came(): void {
  const since = new Date();
  const awayMs = connection.value.state === "lost" ? since.getTime() - connection.value.lostAt.getTime() : 0;
  const isReturn = connection.value.state === "lost";
  connection.value = { state: "live", since, awayMs };
  if (isReturn) returns.value += 1;
}

function went(): void {
  clearTimeout(unanswered);
  if (connection.value.state !== "lost") connection.value = { state: "lost", lostAt: new Date() };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// A machine that slept may take minutes to notice that its connections are dead: a clock that jumped says so at once.
let tickedAt = Date.now();
setInterval(() => {
  if (Date.now() - tickedAt > SLEPT_MS) socket.terminate();
  tickedAt = Date.now();
}, TICK_MS);
addEventListener("online", () => socket.terminate());
