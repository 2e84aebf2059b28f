// PostGraphile over our tables as they are, with what it needs to know of keys that are not declared.
//
//   DATABASE_URL=… PORT=… node server.mjs

import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";

const keys = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      "public.jobs": { tags: { foreignKey: "(provider) references providers (wallet_address)" } },
      "public.dispatches": { tags: { foreignKey: "(job_id) references jobs (job_id)" } },
    },
  },
});

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [keys],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"] })],
  grafserv: { watch: false, graphiql: false },
});

const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
