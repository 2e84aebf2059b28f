// Print how each audit of GraphQL over HTTP went, as a line of JSON: node audit.mjs <url>

import { auditServer } from "graphql-http";

const [url] = process.argv.slice(2);

for (const { id, name, status, reason } of await auditServer({ url })) {
  console.log(JSON.stringify({ id, name, status, reason: reason ?? null }));
}
