/**
 * Compile the contracts into artifacts: ABI, bytecode, and a hash of every source they were made from.
 *
 *     node contracts/compile.mjs [folder for the artifacts]
 *
 * The artifacts are committed, so that nothing but this script and one test needs Node. The same sources and
 * compiler give the same bytes everywhere: paths are relative and no metadata hash is appended.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const names = ["JobManager", "NodeReputation", "SmartWallet"];
const settings = {
  evmVersion: "paris",
  metadata: { appendCBOR: false, bytecodeHash: "none" },
  optimizer: { enabled: true, runs: 200 },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
};

const compiler = require("solc");
for (const name of names) {
  writeArtifact(process.argv[2] ?? join(here, "artifacts"), compile(name));
}

/** Compile one contract and everything it imports. */
function compile(contractName) {
  const path = `src/${contractName}.sol`;
  const sources = { [path]: { content: readFileSync(join(here, path), "utf8") } };
  const input = { language: "Solidity", sources: { ...sources }, settings };
  const findImport = (imported) => {
    sources[imported] = { content: readFileSync(require.resolve(imported), "utf8") };
    return { contents: sources[imported].content };
  };
  const output = JSON.parse(compiler.compile(JSON.stringify(input), { import: findImport }));
  refuseComplaints(output.errors ?? []);
  const { abi, evm } = output.contracts[path][contractName];
  return {
    contractName,
    compiler: compiler.version(),
    settings,
    sourceHash: hashOf(sources),
    abi,
    bytecode: `0x${evm.bytecode.object}`,
  };
}

/** Stop at the first error or warning, in the compiler's own words. */
function refuseComplaints(complaints) {
  for (const complaint of complaints) {
    throw new Error(complaint.formattedMessage);
  }
}

/** Hash the sources by path, whatever the order they were found in. */
function hashOf(sources) {
  const hash = createHash("sha256");
  for (const path of Object.keys(sources).sort()) {
    hash.update(`${path}\0${sources[path].content}\0`);
  }
  return `sha256:${hash.digest("hex")}`;
}

function writeArtifact(folder, artifact) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${artifact.contractName}.json`);
  writeFileSync(path, `${JSON.stringify(artifact, null, 2)}\n`);
  console.log(`${path}: ${artifact.sourceHash}`);
}
