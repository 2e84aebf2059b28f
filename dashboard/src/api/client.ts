// The client that queries and mutations go through. What is live comes over `connection`.

import { cacheExchange, Client, type CombinedError, fetchExchange } from "@urql/core";

export const client = new Client({
  url: "/graphql",
  exchanges: [cacheExchange, fetchExchange],
  requestPolicy: "cache-and-network",
  // A text that is posted has no length to outgrow, and no cache between us and the API keeps it.
  preferGetMethod: false,
});

// What went wrong, in the API's own words; they say which value, and what to do.
export function complaint(error: CombinedError): string {
  const said = error.graphQLErrors[0]?.message;
  return said ?? "The server does not answer. What you see is the newest that we have; we keep trying.";
}
