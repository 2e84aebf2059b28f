// Who uses the page. The session is in a cookie that no script can read; what we know of it is `me`.

import { keccak_256 } from "@noble/hashes/sha3.js";
import { signal } from "@preact/signals";

import { signedMessage } from "../../../graphql_api/html/page/sign_in.mjs";
import { MeDocument, type MeQuery } from "../generated/graphql";
import { client, complaint } from "./client";
import { renew, socket } from "./connection";

export interface Wallet {
  request(what: { method: string; params?: unknown[] }): Promise<unknown>;
}

declare global {
  interface Window {
    ethereum?: Wallet;
  }
}

export type Me = NonNullable<MeQuery["me"]>;

// Undefined before we know, null for nobody.
export const me = signal<Me | null | undefined>(undefined);

export async function learnWho(): Promise<void> {
  const { data } = await client.query(MeDocument, {}, { requestPolicy: "network-only" });
  if (data) me.value = data.me;
}

export async function signIn(): Promise<void> {
  if (!window.ethereum) throw new Error("This browser has no wallet. Install one that injects window.ethereum, such as MetaMask.");
  const site = { domain: location.host, uri: location.origin };
  const signed = await signedMessage({ wallet: window.ethereum, ask, site, keccak256: keccak_256 });
  await post("/api/v1/auth/sign-in", { ...signed, cookie: true });
  await changed();
}

export async function signOut(): Promise<void> {
  await post("/api/v1/auth/sign-out", {});
  await changed();
}

// A session that expired, or was signed out of elsewhere.
const UNAUTHORIZED = 4401;
socket.on("closed", (event) => {
  if ((event as CloseEvent).code === UNAUTHORIZED) me.value = null;
});

// What is live is told to whom it knew at its beginning, so another viewer begins anew.
async function changed(): Promise<void> {
  await learnWho();
  renew();
}

async function ask(document: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  const request = document.trimStart().startsWith("mutation") ? client.mutation(document, variables) : client.query(document, variables);
  const { data, error } = await request;
  if (error) throw new Error(complaint(error));
  return data;
}

async function post(path: string, body: unknown): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (response.ok) return;
  const { error } = (await response.json()) as { error?: string };
  throw new Error(error ?? `The server answered ${response.status}.`);
}
