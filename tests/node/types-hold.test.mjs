// The types hold the JavaScript: a method with another name than the declared one, or a misspelt word at the door, does not compile.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const tests = join(dirname(fileURLToPath(import.meta.url)), "..");
const { config } = ts.readConfigFile(join(tests, "tsconfig.json"), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, tests);
const lib = (name) => join(tests, "../pkg-template/lib", name);

/** Parsed once for all programs: everything but the changed file. */
const parsed = new Map();

/** What tsc says of one file of the driver after a change, in memory. */
function complaints(name, change) {
  const path = lib(name);
  const host = ts.createCompilerHost(options);
  const { readFile, getSourceFile } = host;
  host.getSourceFile = (file, ...how) => {
    if (file === path) return getSourceFile(file, ...how);
    if (!parsed.has(file)) parsed.set(file, getSourceFile(file, ...how));
    return parsed.get(file);
  };
  host.readFile = (file) => {
    const text = readFile(file);
    if (file !== path) return text;
    const changed = change(text);
    assert.notEqual(changed, text, "the change applies");
    return changed;
  };
  const program = ts.createProgram([path], options, host);
  return ts
    .getPreEmitDiagnostics(program, program.getSourceFile(path))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
}

for (const [title, name, from, to, complaint] of [
  ["a method with another name", "refresher.js", "signOut = async (", "signOutt = async (", /signOut/],
  [
    "a method with another result",
    "refresher.js",
    "(await this.getTokens(options)).access_token",
    "await this.getTokens(options)",
    /getAccessToken/,
  ],
  ["a misspelt event", "driver.js", '"peerChanged"', '"peerChangd"', /peerChangd/],
  [
    "an event with the details of another",
    "driver.js",
    'this.tell("resumed")',
    'this.tell("resumed", 0, {})',
    /void/,
  ],
  ["a misspelt effect", "driver.js", "unlock(id) {", "unlok(id) {", /unlok/],
  ["a misspelt question", "driver.js", '"rejects"', '"reject"', /reject/],
])
  test(`${title} in ${name} does not compile`, () => {
    const found = complaints(name, (text) => text.replace(from, to));
    assert.match(found.join("\n"), complaint);
  });

test("the driver as it is compiles", () => {
  assert.deepEqual(
    complaints("driver.js", (text) => `${text}\n`),
    [],
  );
});
