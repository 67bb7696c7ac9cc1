// TypeScript with the strictest options, for users' code. Not a test by itself.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const TESTS = join(dirname(fileURLToPath(import.meta.url)), "..");

export const strictest = {
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
export const bundled = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
export const inNode = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
export const DOM = ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"];
/** A project with all types that an example may need. */
export const withEverything = {
  ...strictest,
  ...inNode,
  lib: [...DOM, "lib.esnext.disposable.d.ts"],
  types: ["node"],
  typeRoots: [join(TESTS, "node_modules/@types")],
  skipLibCheck: true,
};

/** A Worker's project. */
export const onWorkers = {
  ...strictest,
  ...bundled,
  lib: ["lib.es2022.d.ts"],
  types: ["@cloudflare/workers-types"],
  skipLibCheck: true,
};

/** The project for a document or declaration of that name. */
export const projectFor = (name) => (/cloudflare/.test(name) ? onWorkers : withEverything);

/** The code in ```ts and ```js fences. */
export const blocks = (text) => [...text.matchAll(/^```(?:ts|js)\n([^]*?)^```/gm)].map(([, code]) => code);

/** TypeScript's diagnostics of these files; `written` are virtual files beside the tests. */
export function complaints(options, files, written = {}) {
  const invented = new Map(Object.entries(written).map(([name, text]) => [join(TESTS, name), text]));
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => TESTS; // the base of `types`
  const { readFile, fileExists, directoryExists, getSourceFile } = host;
  host.readFile = (path) => invented.get(path) ?? readFile(path);
  host.fileExists = (path) => invented.has(path) || fileExists(path);
  const folders = new Set([...invented.keys()].map(dirname));
  host.directoryExists = (path) => folders.has(path) || directoryExists(path);
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
