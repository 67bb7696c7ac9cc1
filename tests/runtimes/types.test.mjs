// The packed package's declarations, as TypeScript users compile against them, under the strictest options: the contract, and
// every example that the declarations and the README show.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const TESTS = join(dirname(fileURLToPath(import.meta.url)), "..");
const PACKAGE = join(TESTS, "node_modules/oauth-refresher");
const CONTRACT = join(TESTS, "types/contract.ts");

const strictest = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: false,
  noImplicitReturns: true,
  noUnusedLocals: false,
  verbatimModuleSyntax: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  types: [],
};
const bundled = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
const inNode = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
const DOM = ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"];

test("the_contract_compiles_in_a_browser_project_and_so_do_the_declarations_themselves", () => {
  const options = { ...strictest, ...bundled, lib: DOM, skipLibCheck: false };
  assert.deepEqual(complaints(options, [CONTRACT]), []);
});

test("the_contract_compiles_in_a_node_project_without_the_dom", () => {
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

test("an_option_that_is_undefined_is_told_from_one_that_is_left_out", () => {
  const options = { ...strictest, ...bundled, lib: DOM, skipLibCheck: true };
  const code = `import { createRefresher } from "oauth-refresher";
createRefresher({ token_endpoint: undefined });`;
  const [complaint, ...others] = complaints(options, [], { "undefined.ts": code });
  assert.match(complaint, /exactOptionalPropertyTypes/);
  assert.deepEqual(others, []);
});

test("a_worker_project_compiles_with_the_types_of_cloudflare", () => {
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
  const options = {
    ...strictest,
    ...bundled,
    lib: ["lib.es2022.d.ts"],
    types: ["@cloudflare/workers-types"],
    skipLibCheck: true,
  };
  assert.deepEqual(complaints(options, [], { "worker.ts": worker }), []);
});

test("every_example_of_the_declarations_and_the_readme_compiles", () => {
  const examples = {};
  for (const name of declarations())
    for (const [i, code] of blocks(
      readFileSync(join(PACKAGE, name), "utf8").replace(/^\s*\* ?/gm, ""),
    ).entries())
      examples[`${name.replace(/\W/g, "-")}-${i + 1}.ts`] = code;
  assert.ok(Object.keys(examples).length >= 10, "the examples are where they are looked for");
  const readme = blocks(readFileSync(join(PACKAGE, "README.md"), "utf8"));
  for (const [i, code] of readme.entries())
    if (/^import /m.test(code)) examples[`readme-${i + 1}.ts`] = withCreateRefresher(code); // others are pieces
  const options = {
    ...strictest,
    ...inNode,
    lib: [...DOM, "lib.esnext.disposable.d.ts"],
    types: ["node"],
    typeRoots: [join(TESTS, "node_modules/@types")],
    skipLibCheck: true,
  };
  assert.deepEqual(complaints(options, [], examples), []);
});

function declarations() {
  const all = readdirSync(PACKAGE, { recursive: true });
  return all.filter((name) => name.endsWith(".d.ts"));
}

/** The code in ```ts and ```js fences. */
const blocks = (text) => [...text.matchAll(/^```(?:ts|js)\n([^]*?)^```/gm)].map(([, code]) => code);

const withCreateRefresher = (code) =>
  /^import .*\bcreateRefresher\b/m.test(code)
    ? code
    : `import { createRefresher } from "oauth-refresher";\n${code}`;

/** What TypeScript has to say of these files; `written` are files that exist only here, beside the tests. */
function complaints(options, files, written = {}) {
  const invented = new Map(Object.entries(written).map(([name, text]) => [join(TESTS, name), text]));
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => TESTS; // where named types are looked for
  const { readFile, fileExists } = host;
  host.readFile = (path) => invented.get(path) ?? readFile(path);
  host.fileExists = (path) => invented.has(path) || fileExists(path);
  const { getSourceFile } = host;
  host.getSourceFile = (path, language, ...rest) =>
    invented.has(path)
      ? ts.createSourceFile(path, invented.get(path), language)
      : getSourceFile(path, language, ...rest);
  const program = ts.createProgram([...files, ...invented.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, " ");
    if (!file) return text;
    const { line } = file.getLineAndCharacterOfPosition(start);
    return `${file.fileName.slice(TESTS.length + 1)}:${line + 1} ${text}`;
  });
}
