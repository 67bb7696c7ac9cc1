// The bench beside peers (`cargo xtask bench`): every scenario and goal has a criterion, the writer of docs/peers.md says what failed and
// what was left out, and the peers are pinned. None of the peers is needed here.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ALL_CLIENTS } from "../bench/peers/adapters/all.mjs";
import { oauthRefresher } from "../bench/peers/adapters/ours.mjs";
import { GOALS } from "../bench/peers/goals.mjs";
import { pageOf, SECTIONS, TITLE } from "../bench/peers/page.mjs";
import { readmeWith } from "../bench/peers/page-readme.mjs";
import { play } from "../bench/peers/scenarios/judge.mjs";
import { SCENARIOS } from "../bench/peers/scenarios/index.mjs";
import { CONDITIONS, PAGES } from "../bench/peers/start-pages.mjs";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const { dependencies } = JSON.parse(read("tests/bench/peers/package.json"));

test("every scenario has a criterion, a name of its own, and needs that a client has", () => {
  const known = new Set(["session", "exchange", ...ALL_CLIENTS.flatMap(({ can }) => can)]);
  for (const { id, title, criterion, needs, changed } of SCENARIOS) {
    assert.ok(title && criterion, id);
    assert.ok(changed === undefined || changed.length > 20, `${id} says why its criterion changed`);
    for (const need of needs) assert.ok(known.has(need), `${id}: no client can ${need}`);
  }
  assert.equal(new Set(SCENARIOS.map(({ id }) => id)).size, SCENARIOS.length);
  for (const { name, never = [] } of ALL_CLIENTS)
    for (const id of never)
      assert.ok(
        SCENARIOS.some((scenario) => scenario.id === id),
        `${name}: ${id}`,
      );
});

test("every goal has a limit, and every condition of a start names pages that there are", () => {
  for (const { id, limit, unit, factor, beside } of GOALS)
    assert.ok(beside ? factor > 0 : limit > 0 && unit, id);
  for (const { id, pages } of CONDITIONS)
    for (const name of pages) assert.ok(name in PAGES, `${id}: ${name}`);
});

test("the peers are pinned, and the lock has those versions", () => {
  const { packages } = JSON.parse(read("tests/bench/peers/package-lock.json"));
  assert.deepEqual(packages[""].dependencies, dependencies);
  for (const [name, version] of Object.entries(dependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+$/);
    assert.equal(packages[`node_modules/${name}`].version, version, name);
  }
});

test("a scenario passes where its criterion holds, fails where it does not, and is not asked without a place for it", async () => {
  const [scenario] = SCENARIOS;
  assert.deepEqual(await play(scenario, oauthRefresher), { id: scenario.id, result: "pass", evidence: "" });
  const everyCall = { kind: "session", can: [], open: async (stage) => ({ get: () => sent(stage) }) };
  const outcome = await play(scenario, everyCall);
  assert.equal(outcome.result, "fail");
  assert.match(outcome.evidence, /^50 requests/);
  const exchange = await play(scenario, { ...everyCall, kind: "exchange" });
  assert.deepEqual(exchange, { id: scenario.id, result: "none" });
});

test("the page has every section, says what was left out and marks what failed or was changed", () => {
  const page = pageOf({ run: run({ page: "there is no Chromium" }), bytes: BYTES, behaviour: BEHAVIOUR });
  const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, name]) => name);
  assert.deepEqual(sections, SECTIONS);
  assert.match(page, /Not measured in this run: there is no Chromium\./);
  assert.match(
    page,
    /what a page loads at once \| 11,000 bytes, brotli \| 12,000 \| 12,000 \| \*\*not met\*\* \|/,
  );
  assert.match(page, /\| oauth-refresher \| Node \| 1 \| 1 \| \d+ \|/);
  assert.match(
    page,
    /- oauth-refresher, the first write after a rotation fails: sent …, loopback and a \\\| b$/m,
  );
  const { title, changed } = SCENARIOS.find((scenario) => scenario.changed);
  assert.ok(page.includes(`† ${title}: ${changed}`));
});

test("docs/peers.md has the form that the bench writes, of the criteria and the versions as they are", () => {
  const page = read("docs/peers.md");
  assert.ok(page.startsWith(TITLE));
  assert.deepEqual(
    [...page.matchAll(/^## (.*)$/gm)].map(([, name]) => name),
    SECTIONS,
  );
  for (const [name, version] of Object.entries(dependencies))
    assert.ok(page.includes(`| ${name} | ${version} |`), `${name} ${version}`);
  for (const { title, criterion, changed } of SCENARIOS)
    assert.ok(page.includes(`| ${title}${changed ? " †" : ""} | ${criterion} |`), title);
  for (const { title } of GOALS) assert.ok(page.includes(`| ${title} |`), title);
  assert.doesNotMatch(page, /localhost|127\.0\.0\.1:|file:|Not measured in this run/);
});

test("the README's table beside peers is that of docs/peers.md, and names versions of the lock", () => {
  const readme = read("README.md");
  assert.equal(readme, readmeWith(readme, read("docs/peers.md")));
  const [, asked] = /own bench \(([^)]*)\)/.exec(readme);
  const named = [...asked.matchAll(/([\w-]+) (\d+\.\d+)(?=[,)]|$)/g)];
  assert.ok(named.length >= 4, asked);
  for (const [, name, version] of named) {
    const [, pinned] = Object.entries(dependencies).find(
      ([peer]) => peer === name || peer.endsWith(`/${name}`),
    );
    assert.ok(pinned.startsWith(`${version}.`), `${name}: ${version} in the README, ${pinned} in the lock`);
  }
});

async function sent(stage) {
  const form = { grant_type: "refresh_token", refresh_token: stage.current.refresh_token };
  const response = await fetch("https://as.example/token", {
    method: "POST",
    body: new URLSearchParams(form),
  });
  return (await response.json()).access_token;
}

const BYTES = [{ name: "oauth-refresher", does: "all", atOnce: 12_000, later: 30_000 }];
const BEHAVIOUR = [
  {
    name: "oauth-refresher",
    where: "Node",
    rows: [
      { id: "callers-expired", result: "pass", evidence: "" },
      {
        id: "save-fails-once",
        result: "fail",
        evidence: "sent http://lane1.localhost:4321/page.js,\n127.0.0.1:4321 and a | b",
      },
    ],
  },
];

function run(left) {
  const load = { before: "0.1", after: "1.2" };
  return {
    date: "2026-11-26",
    commit: "0000000",
    machine: "m",
    node: "20.0.0",
    load,
    minutes: 3,
    left,
    versions: dependencies,
  };
}
