// What everything live comes over, and what the page tells of it.
//
//     connecting  →  live  ⇄  lost        a server that restarts, a network that goes, a laptop that sleeps
//
// It comes back by itself, for as long as it takes. `returns` counts how often it did: what shows data asks again then.
// One WebSocket carries all where the network lets one through. Where the server answers and no WebSocket opens, it all
// comes over HTTP, and a WebSocket is tried seldom.

import { signal } from "@preact/signals";
import { createClient } from "graphql-ws";

export type Connection =
  | { state: "connecting" }
  | { state: "live"; since: Date; awayMs: number }
  | { state: "lost"; lostAt: Date };

// A new one means that what is live has to begin anew. A hidden tab has none over HTTP: a browser has few for all tabs.
export interface Way {
  by: "socket" | "http" | "nothing";
}

export const connection = signal<Connection>({ state: "connecting" });
export const way = signal<Way>({ by: "socket" });
export const returns = signal(0);

const OPEN_MS_MAX = 5_000;
const PONG_MS_MAX = 5_000;
const WAIT_MS_MAX = 4_000;
const SELDOM_MS = 60_000;
const BLOCKED_AFTER = 2;
const TICK_MS = 2_000;
const SLEPT_MS = 15_000;

let unopened: ReturnType<typeof setTimeout> | undefined;
let unanswered: ReturnType<typeof setTimeout> | undefined;
let blocked = 0;

export const socket = createClient({
  url: location.origin.replace(/^http/, "ws") + "/graphql",
  lazy: false,
  keepAlive: 10_000,
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: (attempt) => pause((isBySocket() ? Math.min(WAIT_MS_MAX, 250 * 2 ** attempt) : SELDOM_MS) * (0.75 + Math.random() / 2)),
  onNonLazyError: () => undefined,
  on: {
    connecting: () => {
      clearTimeout(unopened);
      unopened = setTimeout(() => socket.terminate(), OPEN_MS_MAX);
    },
    connected: () => {
      clearTimeout(unopened);
      blocked = 0;
      if (!isBySocket()) way.value = { by: "socket" };
      came();
    },
    closed: () => {
      clearTimeout(unopened);
      clearTimeout(unanswered);
      if (!isBySocket()) return;
      went();
      void lookForBlock();
    },
    ping: (received) => {
      if (!received) unanswered = setTimeout(() => socket.terminate(), PONG_MS_MAX);
    },
    pong: (received) => {
      if (received) clearTimeout(unanswered);
    },
  },
});

export function came(): void {
  const since = new Date();
  if (connection.value.state === "live") return;
  const awayMs = connection.value.state === "lost" ? since.getTime() - connection.value.lostAt.getTime() : 0;
  const isReturn = connection.value.state === "lost";
  connection.value = { state: "live", since, awayMs };
  if (isReturn) returns.value += 1;
}

export function went(): void {
  if (connection.value.state !== "lost") connection.value = { state: "lost", lostAt: new Date() };
}

// Begin anew: with another viewer, or because what we have may be dead.
export function renew(): void {
  if (!isBySocket()) way.value = overHttp();
  socket.terminate();
}

// A server that is away refuses everything; one that answers, and gets no WebSocket again and again, is cut off from them.
async function lookForBlock(): Promise<void> {
  const answers = await fetch("/health", { cache: "no-store" }).then(({ ok }) => ok, () => false);
  blocked = answers ? blocked + 1 : 0;
  if (blocked >= BLOCKED_AFTER && isBySocket() && connection.value.state !== "live") way.value = overHttp();
}

function isBySocket(): boolean {
  return way.value.by === "socket";
}

function overHttp(): Way {
  return { by: document.hidden ? "nothing" : "http" };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// A machine that slept may take minutes to notice that its connections are dead: a clock that jumped says so at once.
let tickedAt = Date.now();
setInterval(() => {
  if (Date.now() - tickedAt > SLEPT_MS) renew();
  tickedAt = Date.now();
}, TICK_MS);
addEventListener("online", renew);
document.addEventListener("visibilitychange", () => {
  if (!isBySocket()) way.value = overHttp();
});
