// The packed package's declarations under TypeScript's strictest options: the contract, and every example of the declarations. The
// suite `compose` tests the examples of the documents.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  blocks,
  bundled,
  complaints,
  DOM,
  inNode,
  onWorkers,
  projectFor,
  strictest,
  TESTS,
  withEverything,
} from "./compiler.mjs";

const PACKAGE = join(TESTS, "node_modules/oauth-refresher");
const CONTRACT = join(TESTS, "types/contract.ts");

test("the contract and the declarations compile in a browser project", () => {
  const options = { ...strictest, ...bundled, lib: DOM, skipLibCheck: false };
  assert.deepEqual(complaints(options, [CONTRACT]), []);
});

test("the contract compiles in a Node project without DOM types", () => {
  const options = {
    ...strictest,
    ...inNode,
    lib: ["lib.es2022.d.ts"],
    types: ["node"],
    typeRoots: [join(TESTS, "node_modules/@types")],
    skipLibCheck: true,
  };
  assert.deepEqual(complaints(options, [CONTRACT]), []);
});

test("under exactOptionalPropertyTypes an undefined option is an error", () => {
  const options = { ...strictest, ...bundled, lib: DOM, skipLibCheck: true };
  const code = `import { createRefresher } from "oauth-refresher";
createRefresher({ token_endpoint: undefined });`;
  const [complaint, ...others] = complaints(options, [], { "undefined.ts": code });
  assert.match(complaint, /exactOptionalPropertyTypes/);
  assert.deepEqual(others, []);
});

test("a Workers project compiles with the types of Cloudflare", () => {
  const worker = `
import { createRefresher, type Refresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
let shared: Refresher | undefined;
export default {
  async fetch(request: Request, env: { SECRET: string }, ctx: ExecutionContext): Promise<Response> {
    shared ??= createRefresher({
      token_endpoint: "https://auth.example/token",
      client_id: "worker",
      client_secret: env.SECRET,
      storage: memoryStorage(),
      origins: ["https://api.example"],
      waitUntil: (work) => ctx.waitUntil(work),
    });
    return shared.fetch(new Request("https://api.example/me", request));
  },
} satisfies ExportedHandler<{ SECRET: string }>;`;
  assert.deepEqual(complaints(onWorkers, [], { "worker.ts": worker }), []);
});

test("every example of the declarations compiles", () => {
  const examples = new Map([
    [onWorkers, {}],
    [withEverything, {}],
  ]);
  for (const name of declarations())
    for (const [i, code] of blocks(
      readFileSync(join(PACKAGE, name), "utf8").replace(/^\s*\* ?/gm, ""),
    ).entries())
      examples.get(projectFor(name))[`${name.replace(/\W/g, "-")}-${i + 1}.ts`] = code;
  assert.ok(
    Object.keys(examples.get(withEverything)).length >= 10,
    "the examples are where they are looked for",
  );
  for (const [project, files] of examples) assert.deepEqual(complaints(project, [], files), []);
});

function declarations() {
  const all = readdirSync(PACKAGE, { recursive: true });
  return all.filter((name) => name.endsWith(".d.ts"));
}
