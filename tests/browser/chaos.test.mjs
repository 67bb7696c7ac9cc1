// Tabs with one session and tokens of two seconds, at a server that ends the session when a refresh token is replayed. Tabs are
// closed, crashed, frozen, blocked and reloaded at random, some of them during a token request.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { judged } from "./chaos/judge.mjs";
import { leaks } from "./chaos/leaks.mjs";
import { storm } from "./chaos/storm.mjs";
import { chromium } from "./engines/chromium.mjs";
import { firefox } from "./engines/firefox.mjs";
import { webkit } from "./engines/webkit.mjs";

const isLong = Boolean(process.env.OAUTH_REFRESHER_LONG);
const engines = isLong ? [chromium, firefox, webkit] : [chromium];
const rotations = isLong ? 100 : 12;

/** The kinds: where the session is stored if it is kept by the tabs, or the worker that keeps it. */
const storms = [
  { kind: "local", title: "five tabs that are killed at random share a session in localStorage" },
  { kind: "indexeddb", title: "five tabs that are killed at random share a session in IndexedDB" },
  { kind: "shared", title: "five tabs that are killed at random lose no session of a SharedWorker" },
  {
    kind: "service",
    title: "the only tab, reloaded at random, loses no session of a service worker",
    tabs: 1,
    deeds: ["reload", "reload", "busy"],
  },
  ...(isLong
    ? [{ kind: "service", title: "five tabs that are killed at random lose no session of a service worker" }]
    : []),
];

for (const engine of engines)
  describe(engine.name, { concurrency: 2 }, () => {
    for (const { kind, title, ...plan } of storms)
      test(`${title} of ${engine.name}`, async (t) => {
        const say = (text) => t.diagnostic(text);
        const seen = await storm({ engine, kind, ...plan, rotations, say });
        const { failures, figures, lost } = judged(seen);
        const told = Object.entries(figures).map(([name, figure]) => `${name} ${figure}`);
        say(`${seen.version}, ${kind}: ${told.join(", ")}`);
        for (const why of lost) say(`session lost: ${why}`);
        if (!isLong) say("Firefox and WebKit take part in the long form: cargo xtask test --long browser");
        if (failures.length)
          say(`what happened is in ${await kept(seen, failures, `${engine.name}-${kind}`)}`);
        assert.deepEqual(failures, []);
        assert.ok(figures.calls > rotations * 5, `only ${figures.calls} calls`);
        const everywhere = ["lock", "address", "performance", "global", "local storage", "refresher"];
        const places = kind === "local" ? everywhere : [...everywhere, "channel", "database"];
        if (kind === "indexeddb") places.push("message");
        const missing = places.filter(
          (place) => ![...seen.shown].some((text) => text.startsWith(`${place} `)),
        );
        assert.deepEqual(missing, [], "the texts that are searched for secrets were recorded");
      });
  });

test("the search finds eight characters of a secret and not seven", () => {
  assert.equal(leaks(["it was 23456789, or so"], ["0123456789abc"]).length, 1);
  assert.equal(leaks(["it was 3456789, or so"], ["0123456789abc"]).length, 0);
});

/** The whole log of a failed run in order: actions, requests, replies, reads, writes and events. It contains no token. */
async function kept({ lives, requests, rejections, complaints, losses, history, deeds }, failures, name) {
  const folder = fileURLToPath(new URL("../../target/chaos/", import.meta.url));
  const file = `${folder}${name}-${Date.now()}.json`;
  await mkdir(folder, { recursive: true });
  const ordered = history.sort(([one], [other]) => one - other);
  const all = { failures, deeds, losses, requests, rejections, complaints, lives: [...lives.values()] };
  await writeFile(file, JSON.stringify({ ...all, history: ordered }, null, 1));
  return file;
}
