// Writes src/generated/graphql.ts: the types of every document in src/queries/, checked against schema.graphql.

import { codegen } from "@graphql-codegen/core";
import * as typedDocumentNode from "@graphql-codegen/typed-document-node";
import * as operations from "@graphql-codegen/typescript-operations";
import { buildSchema, parse } from "graphql";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const here = new URL("./", import.meta.url);
const queries = new URL("src/queries/", here);
const target = new URL("src/generated/graphql.ts", here);

const schema = readFileSync(new URL("../schema.graphql", here), "utf8");
const documents = readdirSync(queries).map((name) => ({
  location: name,
  document: parse(readFileSync(new URL(name, queries), "utf8")),
}));

const scalars = { Address: "string", BigInt: "string", Bytes32: "string", DateTime: "string", Wei: "string" };
const config = { scalars, enumsAsTypes: true, avoidOptionals: { field: true }, useTypeImports: true, skipTypename: true };

const text = await codegen({
  filename: target.pathname,
  schema: parse(schema),
  schemaAst: buildSchema(schema),
  documents,
  config,
  pluginMap: { operations, typedDocumentNode },
  plugins: [{ operations: {} }, { typedDocumentNode: {} }],
});
mkdirSync(new URL("./", target), { recursive: true });
writeFileSync(target, text);
