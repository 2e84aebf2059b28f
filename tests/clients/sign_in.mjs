// Sign in as GraphiQL's page does, with a wallet that asks whoever runs us to sign: node sign_in.mjs <url> <address>
//
// Prints the message to sign as a line of JSON, reads the signature as a line, and prints the session.

import { createInterface } from "node:readline/promises";

import { keccak_256 } from "@noble/hashes/sha3.js";

import { signIn } from "../../graphql_api/html/page/sign_in.mjs";

const [url, address] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin });

const answers = {
  eth_requestAccounts: async () => [address.toLowerCase()],
  eth_chainId: async () => "0x1",
  personal_sign: async ([message, account]) => {
    console.log(JSON.stringify({ text: Buffer.from(message.slice(2), "hex").toString(), account }));
    const [signature] = await new Promise((resolve) => lines.once("line", (line) => resolve([line])));
    return signature;
  },
};
const wallet = { request: ({ method, params }) => answers[method](params) };

async function ask(query, variables) {
  const body = JSON.stringify({ query, variables });
  const response = await fetch(`${url}/graphql`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data;
}

const site = { domain: new URL(url).host, uri: url };
console.log(JSON.stringify(await signIn({ wallet, ask, site, keccak256: keccak_256 })));
lines.close();
