// Measures the package beside its peers and writes docs/peers.md. `cargo xtask bench` packs, installs the peers and runs this.
//   node run.mjs [--quick] [--again] [--only part …]    parts: bytes, cpu, process, page, behaviour
// A run of all parts at full length writes the page and the README's table; any other leaves what it found in target/bench/.
// `--again` with `--only` puts these parts into the results of the last run, and the page says so.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pageOf } from "./page.mjs";
import { readmeWith } from "./page-readme.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(HERE, "../../..");
const OUTPUT = join(ROOT, "target/bench");
const PAGE = join(ROOT, "docs/peers.md");
const README = join(ROOT, "README.md");
/** A part that hangs is ended with what it started. */
const LIMIT_MINUTES = 8;

const quick = process.argv.includes("--quick");
const only = process.argv.includes("--only")
  ? process.argv.slice(process.argv.indexOf("--only") + 1)
  : undefined;
const chromium = process.env.CHROMIUM || "/usr/bin/chromium";

/** Each prints its results as one line of JSON. */
const PARTS = {
  bytes: { about: "bytes of bundles", program: ["bytes.mjs"] },
  cpu: { about: "CPU and heap in Node", program: ["--expose-gc", "cpu.mjs", quick ? 3 : 15] },
  process: { about: "fresh Node processes", program: ["start-process.mjs", quick ? 3 : 21] },
  page: {
    about: "fresh pages in Chromium",
    program: ["start-page.mjs", quick ? 3 : 31, quick ? 60 : 210],
    browser: true,
  },
  behaviour: { about: "scenarios", program: ["behaviour.mjs", ...(quick ? ["--quick"] : [])] },
};

const unknown = only?.find((name) => !(name in PARTS));
if (unknown) throw new Error(`there is no part "${unknown}"; there are ${Object.keys(PARTS).join(", ")}`);

const began = Date.now();
const run = { load: { before: load() }, left: {}, quick };
const RESULTS = join(OUTPUT, "results.json");
const last = process.argv.includes("--again") ? JSON.parse(readFileSync(RESULTS, "utf8")) : undefined;
const results = { ...last, run };
const names = Object.keys(PARTS).filter((name) => !only || only.includes(name));
for (const [at, name] of names.entries()) {
  const { about, program, browser } = PARTS[name];
  console.log(`[${at + 1} of ${names.length}] ${name}: ${about} …`);
  if (browser && !existsSync(chromium)) run.left[name] = `there is no Chromium at ${chromium}`;
  else
    try {
      results[name] = JSON.parse(await output(program));
    } catch (error) {
      run.left[name] = error.message;
    }
  if (run.left[name]) console.log(`  left out: ${run.left[name]}`);
}
Object.assign(run, {
  date: new Date().toISOString().slice(0, 10),
  commit: git("log", "-1", "--format=%h", "--", "src", "pkg-template") ?? "none",
  machine: `${cpus()[0]?.model.trim() || process.arch}, ${availableParallelism()} cores`,
  node: process.versions.node,
  chromium: version(chromium),
  minutes: Math.max(1, Math.round((Date.now() - began) / 60_000)),
  versions: versions(),
});
run.load.after = load();

mkdirSync(OUTPUT, { recursive: true });
if (last)
  results.run = {
    ...last.run,
    versions: run.versions,
    left: run.left,
    again: [...(last.run.again ?? []), { names, ...run }],
  };
writeFileSync(RESULTS, JSON.stringify(results, null, 1));
const isWhole =
  !quick && Object.keys(PARTS).every((name) => results[name]) && Object.keys(run.left).length === 0;
const path = isWhole ? PAGE : join(OUTPUT, "peers.md");
const text = pageOf(results);
writeFileSync(path, text);
if (isWhole) writeFileSync(README, readmeWith(readFileSync(README, "utf8"), text));
console.log(
  `wrote ${path.slice(ROOT.length)}${isWhole ? " and the table of the README" : ": not docs/peers.md, since this was not a whole run"}`,
);

function output(program) {
  return new Promise((resolve, reject) => {
    const flags = program.map(String);
    const child = spawn(process.execPath, flags, { cwd: HERE, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    let printed = "";
    const notes = [];
    child.stdout.on("data", (chunk) => (printed += chunk));
    child.stderr.on("data", (chunk) => {
      notes.push(String(chunk));
      process.stdout.write(String(chunk).replace(/^/gm, "  ").trimEnd() + "\n");
    });
    const limit = setTimeout(() => child.kill(), LIMIT_MINUTES * 60_000);
    child.once("close", (code) => {
      clearTimeout(limit);
      if (code === 0 && printed) resolve(printed);
      else reject(new Error(code === null ? `ended after ${LIMIT_MINUTES} minutes` : lastLine(notes)));
    });
  });
}

function lastLine(notes) {
  return (
    notes
      .join("")
      .trim()
      .split("\n")
      .find((line) => /Error/.test(line)) ?? "it failed"
  );
}

/** The peers as the lock pins them, and the package. */
function versions() {
  const { dependencies } = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));
  const ours = JSON.parse(readFileSync(join(ROOT, "pkg-template/package.json"), "utf8"));
  return { [ours.name]: ours.version, ...dependencies };
}

function version(browser) {
  try {
    return execFileSync(browser, ["--version"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

function git(...words) {
  try {
    return execFileSync("git", words, {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}

function load() {
  return loadavg()[0].toFixed(1);
}
