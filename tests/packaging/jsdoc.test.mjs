// An editor shows the JSDoc of what a user types: every public name, and every member of it, has some.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readFileSync } from "node:fs";
import ts from "typescript";

const installed = join(dirname(fileURLToPath(import.meta.url)), "../node_modules/oauth-refresher");
const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
const roots = [...new Set(declarations(exports))].map((path) => join(installed, path));
const program = ts.createProgram(roots, {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ["lib.esnext.d.ts", "lib.dom.d.ts"],
  skipLibCheck: true,
});
const checker = program.getTypeChecker();

for (const root of roots)
  test(`every public name and member in ${root.slice(installed.length + 1)} has JSDoc`, () => {
    const silent = [];
    const source = program.getSourceFile(root);
    for (const name of checker.getExportsOfModule(checker.getSymbolAtLocation(source) ?? source.symbol))
      silent.push(...withoutWords(name));
    assert.deepEqual(silent, []);
  });

test("a name and a member without JSDoc are found", () => {
  const text = "export interface Thing {\n  /** Said. */\n  said: 1;\n  unsaid: 2;\n}";
  const host = ts.createCompilerHost({});
  const file = ts.createSourceFile("oauth-refresher/thing.d.ts", text, ts.ScriptTarget.Latest, true);
  host.getSourceFile = (name) => (name === file.fileName ? file : undefined);
  const types = ts.createProgram([file.fileName], { noLib: true }, host).getTypeChecker();
  const [thing] = types.getExportsOfModule(types.getSymbolAtLocation(file));
  assert.deepEqual(withoutWords(thing, types), ["Thing", "Thing.unsaid"]);
});

/** The name and its members that an editor shows without a word. What comes from elsewhere is documented there. */
function withoutWords(symbol, types = checker) {
  const target = symbol.flags & ts.SymbolFlags.Alias ? types.getAliasedSymbol(symbol) : symbol;
  const isOurs = ({ declarations = [] }) =>
    declarations.some((declaration) => /oauth-refresher\//.test(declaration.getSourceFile().fileName));
  if (!isOurs(target)) return [];
  const isSilent = (each) => !each.getDocumentationComment(types).length;
  const members = [...(target.members?.values() ?? [])].filter(
    (member) =>
      member.flags & (ts.SymbolFlags.Property | ts.SymbolFlags.Method | ts.SymbolFlags.Accessor) &&
      !member.declarations?.some(
        (declaration) => ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Private,
      ),
  );
  return [
    ...(isSilent(target) ? [symbol.name] : []),
    ...members
      .filter((member) => isOurs(member) && isSilent(member))
      .map(({ name }) => `${symbol.name}.${name}`),
  ];
}

function* declarations(targets) {
  if (typeof targets === "string") {
    if (targets.endsWith(".d.ts")) yield targets;
  } else for (const target of Object.values(targets)) yield* declarations(target);
}
