// Every kind of context that can share a session: frames, workers, copies of the package, duplicated tabs, double mounts.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { tabs } from "./tabs.mjs";

const here = tabs();
const { openTab, openSession, input, serverOf, runOut, oneRequest } = here;
const never = { background: "never" };

// --- contexts that share --------------------------------------------------------------------------------------------

for (const kind of ["dedicated", "shared", "service"])
  test(`a tab and a ${kind} worker together send one token request`, async () => {
    const [tab] = await openSession("indexeddb");
    const [ours, theirs] = await tab.evaluate(
      ([kind, atMs, server]) =>
        Promise.all([inPage.askAt(atMs), inPage.worker({ atMs: atMs - 250, ...server }, kind)]),
      [kind, Date.now() + 500, serverOf("oidc")],
    );
    assert.equal(ours, theirs);
    oneRequest();
  });

for (const kind of ["local", "session", "indexeddb"])
  test(`a page and its frame together send one token request, with ${kind}`, async () => {
    const tab = await openTab();
    await tab.evaluate(
      (url) =>
        new Promise((loaded) => {
          const frame = document.body.appendChild(document.createElement("iframe"));
          frame.onload = loaded;
          frame.src = url;
        }),
      here.pages.url,
    );
    const frame = tab.frames()[1];
    await tab.evaluate((given) => inPage.open(given), { ...input(kind, never), tokens: await runOut() });
    await frame.evaluate((given) => inPage.open(given), input(kind, never));
    const atMs = Date.now() + 100;
    const tokens = await Promise.all([tab, frame].map((it) => it.evaluate((at) => inPage.askAt(at), atMs)));
    assert.equal(tokens[0], tokens[1]);
    oneRequest();
    await tab.evaluate(() => inPage.refresher.signOut());
    assert.equal(
      await frame.evaluate(() => inPage.reaches("signed-out")),
      true,
      "the frame gets the page's event",
    );
  });

for (const withLocks of [true, false])
  test(`two copies of the package in a page send one token request ${withLocks ? "" : "without Web Locks"}`, async () => {
    if (!withLocks) await here.context.addInitScript(() => delete Navigator.prototype.locks);
    const tab = await openTab();
    const tokens = await tab.evaluate(
      async ([server, tokens]) => {
        const copies = await Promise.all(
          ["package", "copy"].map(async (place) => ({
            ...(await import(`/${place}/entry/inline.js`)),
            ...(await import(`/${place}/storage/index.js`)),
          })),
        );
        const refreshers = copies.map(({ createRefresher, webStorage }) =>
          createRefresher({ ...server, background: "never", storage: webStorage(localStorage, "session") }),
        );
        if (copies[0].createRefresher === copies[1].createRefresher) return "these are one copy";
        await refreshers[0].setTokens(tokens);
        return Promise.all(refreshers.map((refresher) => refresher.getAccessToken()));
      },
      [serverOf("oidc"), await runOut()],
    );
    assert.equal(tokens[0], tokens[1]);
    oneRequest();
  });

test("a component that is mounted twice refreshes once and leaves no timer and no listener", async () => {
  await here.context.addInitScript(countLoose);
  const tab = await openTab();
  const before = await tab.evaluate(() => loose());
  await tab.evaluate((given) => inPage.open(given), { ...input("indexeddb", never), tokens: await runOut() });
  const codes = await tab.evaluate(
    async (given) => {
      inPage.refresher.close();
      const codes = [];
      for (let mounts = 0; mounts < 3; mounts++) {
        await inPage.open({ ...given, options: {} });
        codes.push(
          inPage.refresher.getAccessToken().then(
            () => "token",
            ({ code }) => code,
          ),
        );
        if (mounts < 2) inPage.refresher.close();
      }
      return Promise.all(codes);
    },
    input("indexeddb", never),
  );
  assert.deepEqual(codes, ["closed", "closed", "token"]);
  oneRequest();
  await tab.evaluate(() => inPage.refresher.close());
  await new Promise((later) => setTimeout(later, 300));
  assert.deepEqual(await tab.evaluate(() => loose()), before, "listeners, channels and timers are as before");
});

// --- Duplicate Tab --------------------------------------------------------------------------------------------------

test("of two tabs with a copied sessionStorage, the second never sends the refresh token that the first one sent", async () => {
  const [first, second] = await duplicated(await here.servers.oidc.mint("none"));
  const { access_token } = await first.evaluate(() => inPage.refresher.refresh());
  const old = await second.evaluate(() => inPage.refresher.getAccessToken());
  assert.notEqual(old, access_token);
  const failure = await second.evaluate(() => inPage.refresher.refresh().catch(({ code }) => ({ code })));
  assert.match(failure.code ?? "served", /session_ended|signed_out|served/);
  for (let round = 0; round < 3; round++) await first.evaluate(() => inPage.refresher.refresh());
  await second.evaluate(() => inPage.refresher.refresh().catch(() => {}));
  const { requests, revokedFamilies } = here.servers.oidc;
  assert.deepEqual(
    requests.map(({ outcome }) => outcome),
    Array(4).fill("granted"),
  );
  assert.deepEqual(
    requests.map(({ refreshTokenNumber }) => refreshTokenNumber),
    [1, 2, 3, 4],
  );
  assert.deepEqual(revokedFamilies.slice(-1), []);
  const text = await first.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.match(text, /session\.sent/);
});

test("two tabs with a copied sessionStorage that ask at once send one request", async () => {
  const both = await duplicated(await runOut());
  const atMs = Date.now() + 200;
  const answers = await Promise.all(
    both.map((tab) =>
      tab.evaluate(
        (at) =>
          inPage.askAt(at).then(
            () => "token",
            ({ code }) => code,
          ),
        atMs,
      ),
    ),
  );
  assert.equal(answers.filter((answer) => answer === "token").length, 1, answers);
  assert.match(
    answers.find((answer) => answer !== "token"),
    /session_ended|signed_out/,
  );
  oneRequest();
});

test("a duplicated tab that logs in has its own session, and a reload loses nothing", async () => {
  const [first, second] = await duplicated(await here.servers.oidc.mint("none"));
  await first.evaluate(() => inPage.refresher.refresh());
  await second.evaluate((tokens) => inPage.refresher.setTokens(tokens), await here.servers.oidc.mint("none"));
  for (const tab of [first, second, first, second]) {
    await tab.reload();
    await tab.evaluate((given) => inPage.open(given), input("session", never));
    await tab.evaluate(() => inPage.refresher.refresh());
  }
  assert.deepEqual(new Set(here.servers.oidc.requests.map(({ outcome }) => outcome)), new Set(["granted"]));
  assert.equal(here.servers.oidc.requests.length, 5);
});

// --- helpers ----------------------------------------------------------------------------------------------------------

/** A tab with that session in its sessionStorage, and its duplicate: window.open copies sessionStorage as Duplicate Tab does. */
async function duplicated(tokens) {
  const first = await openTab();
  await first.evaluate((given) => inPage.open(given), { ...input("session", never), tokens });
  const [second] = await Promise.all([
    here.context.waitForEvent("page"),
    first.evaluate(() => void window.open(location.href)),
  ]);
  here.listen(second);
  await second.waitForFunction(() => window.inPage);
  await second.evaluate((given) => inPage.open(given), input("session", never));
  assert.equal(
    await second.evaluate(() => sessionStorage.session),
    await first.evaluate(() => sessionStorage.session),
    "it was copied",
  );
  return [first, second];
}

/** Runs in a page before its scripts: counts timers and listeners. */
function countLoose() {
  const counts = { listeners: 0, channels: 0, timers: 0 };
  window.loose = () => ({ ...counts });
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const isGlobal = (target) => target === undefined || target === window || target === document;
  EventTarget.prototype.addEventListener = function (...given) {
    if (isGlobal(this)) {
      counts.listeners += 1;
      given[2]?.signal?.addEventListener("abort", () => (counts.listeners -= 1));
    }
    return addEventListener.apply(this ?? window, given);
  };
  EventTarget.prototype.removeEventListener = function (...given) {
    if (isGlobal(this)) counts.listeners -= 1;
    return removeEventListener.apply(this ?? window, given);
  };
  const Original = BroadcastChannel;
  window.BroadcastChannel = class extends Original {
    constructor(name) {
      super(name);
      counts.channels += 1;
    }
    close() {
      counts.channels -= 1;
      super.close();
    }
  };
  const running = new Set();
  const { setTimeout, clearTimeout } = window;
  window.setTimeout = (work, ...rest) => {
    const id = setTimeout(() => (running.delete(id), work()), ...rest);
    running.add(id);
    return id;
  };
  window.clearTimeout = (id) => (running.delete(id), clearTimeout(id));
  Object.defineProperty(counts, "timers", { get: () => running.size, enumerable: true });
}
