// The traces of docs/debugging.md are those of a run. `DOCS=write` writes them.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { traceToConsole } from "oauth-refresher/trace";
import { virtualTime } from "./virtual-time.mjs";

const PAGE = new URL("../../docs/debugging.md", import.meta.url);
const REQUEST_MS = 80;

let time;
before(() => (time = virtualTime()));
after(() => time.restore());

/** Tabs of one page whose access token has expired; each prints its trace as `traceToConsole` does, under its name. */
async function tabs(lines, options = {}) {
  const server = fakeAuthorizationServer({ now: Date.now, accessTokenSeconds: 60 });
  const storage = memoryStorage();
  const lock = oneAtATime();
  const fetch = async (...request) => {
    await new Promise((resolve) => setTimeout(resolve, REQUEST_MS));
    return server.fetch(...request);
  };
  const shared = { ...server.options, storage, lock, fetch, background: "never", ...options };
  const login = createRefresher(shared);
  await login.setTokens(server.login());
  login.close();
  await time.pass(3_600_000);
  const open = (label) => {
    const refresher = createRefresher({
      ...shared,
      trace: traceToConsole({ console: { debug: (line) => lines.push(line) }, label }),
    });
    const call = () =>
      refresher.getAccessToken().then(
        () => lines.push(`${label} gets its token`),
        ({ message }) => lines.push(`${label} gets: ${message}`),
      );
    return { call, close: refresher.close };
  };
  return { server, open };
}

/** A lock that every tab has, as `navigator.locks` is. */
function oneAtATime() {
  let last = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}

const stories = {
  async "a lost reply"(lines) {
    const { server, open } = await tabs(lines);
    const tab = open("tab");
    server.next("lost-reply");
    tab.call();
    await time.pass(1000);
    tab.close();
  },

  async "two tabs"(lines) {
    const { server, open } = await tabs(lines);
    const both = [open("tab 1"), open("tab 2")];
    for (const tab of both) tab.call();
    await time.pass(1000);
    for (const tab of both) tab.close();
    assert.equal(server.requests.length, 1);
  },

  async "a CORS mistake"(lines) {
    const { open } = await tabs(lines, { fetch: () => Promise.reject(new TypeError("Failed to fetch")) });
    const tab = open("tab");
    globalThis.location = new URL("https://app.example/");
    tab.call();
    await time.pass(1000);
    tab.close();
    delete globalThis.location;
  },
};

for (const [name, play] of Object.entries(stories))
  test(`docs/debugging.md shows the trace of ${name}`, async () => {
    const lines = [];
    await play(lines);
    const steps = lines.filter((line) => !line.includes("watching"));
    const [begin, end] = [`<!-- trace of ${name}: begin -->`, `<!-- trace of ${name}: end -->`];
    const [before, rest = ""] = readFileSync(PAGE, "utf8").split(begin);
    const [shown, after] = rest.split(end);
    const traced = `\n\`\`\`text\n${steps.join("\n")}\n\`\`\`\n`;
    if (process.env.DOCS === "write") writeFileSync(PAGE, before + begin + traced + end + after);
    else assert.equal(shown, traced, "write it anew: DOCS=write node --test tests/node/debugging.test.mjs");
  });
