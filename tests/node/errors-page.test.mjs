// docs/errors.md lists every place that creates an error, and what it says.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, ROOT), "utf8");
const page = read("docs/errors.md");

/** What each file says in the errors that it creates: the texts without the values in them. */
function* places() {
  const scripts = readdirSync(new URL("pkg-template/", ROOT), { recursive: true })
    .filter((path) => path.endsWith(".js") && !/^(providers|testing|node_modules)\//.test(path))
    .map((path) => `pkg-template/${path}`);
  const created =
    /(?:new (?:Type|Refresh)?Error|\b(?:fail|missing|contradict)|reason:|found =|unsafe:)\s*\(?\s*(?:"[\w.]+",\s*)?([`"])((?:\\.|(?!\1)[^\\])+)\1/g;
  for (const path of scripts)
    for (const [, , text] of read(path).matchAll(created)) if (text.includes(" ")) yield [path, text];
  const described = /explain\(&mut evidence, "([^"]+)"|&str = "([^"]+)";/g;
  for (const path of ["src/core/oauth/response.rs", "src/core/machine/background.rs"])
    for (const [, one, other] of read(path).matchAll(described)) yield [path, one ?? other];
  const sentence = /^(?: {2}\w+:|export const \w+ =)\s+"([^"]+)"[,;]$/gm;
  for (const path of ["pkg-template/lib/messages.js", "pkg-template/lib/ports/messages.js"])
    for (const [, text] of read(path).matchAll(sentence)) yield [path, text.trim()];
}

/** As the page has it: `…` for what is filled in. */
const written = (text) =>
  text
    .replace(/\$\{[^}]*(?:\{[^}]*\}[^}]*)*\}/g, "…")
    .replace(/\\(.)/g, "$1")
    .replaceAll("|", "\\|");

test("every place that creates an error is on the page, with what it says", () => {
  const all = [...places()];
  assert.ok(all.length > 60, `${all.length} places found`);
  const absent = all.filter(([path, text]) => !page.includes(`| ${path} | ${written(text)} |`));
  assert.deepEqual(
    absent.map(([path, text]) => `| ${path} | ${written(text)} |`),
    [],
  );
});

test("the page lists nothing that no place says", () => {
  const all = new Set([...places()].map(([path, text]) => `| ${path} | ${written(text)} |`));
  const listed = page.split("\n").filter((line) => /^\| (pkg-template|src)\//.test(line));
  assert.deepEqual(
    listed.filter((line) => !all.has(line)),
    [],
  );
});
