// docs/errors.md lists every place that creates an error, and what it says.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, ROOT), "utf8");
const page = read("docs/errors.md");

const files = (folder, ending) =>
  readdirSync(new URL(folder, ROOT), { recursive: true })
    .filter((path) => path.endsWith(ending) && !/^(providers|testing|node_modules)\//.test(path))
    .map((path) => folder + path);

/**
 * What is no error although it has three words: what fills "… must be …" in, statements of SQL and Lua, lists of names, what the console and
 * traces get.
 */
const NO_ERROR =
  /^(an? |true or |null,|the token endpoint's |Unix seconds|dpop\(\)|never\||\{ |the file of the core|SELECT|UPDATE|DELETE|CREATE|clock_timestamp|key = |(?:\$\{\w+\} )?return redis|token-changed |method cache |oauth-refresher: every |oauth-refresher\.wrote)/;
const hasWords = (text) => /\w+ +\w+.* \w/.test(text.replace(/\$\{.*?\}/g, "")) && !NO_ERROR.test(text);

/** What each file says in the errors that it creates: the texts without the values in them. */
function* places() {
  const created =
    /(?:new (?:Type|Refresh)?Error|\b(?:fail|missing|contradict)|reason:|found =|unsafe:)\s*\(?\s*(?:"[\w.]+",\s*)?([`"])((?:\\.|(?!\1)[^\\])+)\1/g;
  const literal = /([`"])((?:\\.|(?!\1)[^\\\n])*)\1/g;
  for (const path of files("pkg-template/", ".js")) {
    const script = read(path);
    for (const [, , text] of script.matchAll(created)) if (text.includes(" ")) yield [path, text];
    const code = script.replace(/\/\*.*?\*\//gs, "").replace(/(^|\s)\/\/.*$/gm, "");
    for (const [, , text] of code.matchAll(literal)) if (hasWords(text)) yield [path, text.trimStart()];
  }
  const described = /explain\(&mut evidence, "([^"]+)"|&str = "([^"]+)";|String::from\("(another )"\)/g;
  for (const path of ["response.rs", "reply.rs", "background.rs"].flatMap((name) =>
    files("src/core/", `/${name}`),
  ))
    for (const [, ...texts] of read(path).matchAll(described))
      yield [path, texts.join("").replace(/ $/, " …")];
  for (const path of files("src/web/", ".rs")) {
    const code = read(path)
      .split("#[cfg(test)]")[0]
      .replace(/(\/\/|#\[).*$/gm, "");
    for (const [, text] of code.matchAll(/"((?:\\.|[^"\\])*)"/g))
      if (hasWords(text)) yield [path, text.replace(/\{\w*\}/g, "…").trim()];
  }
  const sentence = /^(?: {2}\w+:|export const \w+ =)\s+"([^"]+)"[,;]$/gm;
  for (const path of ["pkg-template/lib/messages.js", "pkg-template/lib/ports/messages.js"])
    for (const [, text] of read(path).matchAll(sentence)) yield [path, text.trim()];
}

/** As the page has it: `…` for what is filled in. */
const written = (text) =>
  text
    .replace(/\$\{[^}]*(?:\{[^}]*\}[^}]*)*\}/g, "…")
    .replace(/\\n/g, " ")
    .replace(/\\(.)/g, "$1")
    .replace(/ $/, " …")
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
