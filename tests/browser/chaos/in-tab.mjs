// A tab of chaos.test.mjs: asks for a token again and again, and reports to its server what it saw.

import { createRefresher } from "oauth-refresher";
import { connectRefresher } from "oauth-refresher/client";
import { indexedDbStorage, webStorage } from "oauth-refresher/storage";
import {
  complaints,
  listenToChannels,
  listenToEvents,
  listenToTheRealm,
  observed,
  post,
  recorded,
  shown,
  textOf,
} from "./log.mjs";

const REPORT_MS = 200;
/** The time between the decision that a token is valid and its delivery. */
const GRANTED_MS = 50;
const isHosted = (kind) => kind === "shared" || kind === "service";
const { life, kind, server } = JSON.parse(document.querySelector("meta[name=given]").content);

const rejections = [];
const asks = new Set();
let asked = 0;
let longestMs = 0;
const expired = []; // calls that got an expired token
let freezes = 0;
let isAsking = false;
let loggedIn = 0;

listenToTheRealm();
listenToChannels();
document.addEventListener("freeze", () => (freezes += 1));
const refresher = isHosted(kind) ? connectRefresher(await host()) : inThisPage();
listenToEvents(refresher);
askOnAndOn();
reportOnAndOn();

function inThisPage() {
  const storage = kind === "local" ? webStorage(localStorage, "session") : indexedDbStorage("session");
  // `life` tells the server which tab sent the request
  return createRefresher({ ...server, parameters: { life: String(life) }, storage: recorded(storage) });
}

async function host() {
  if (kind === "shared") return () => new SharedWorker("/in-host.js");
  const registration = await navigator.serviceWorker.register("/in-host.js", { scope: "/" });
  await navigator.serviceWorker.ready;
  return registration;
}

async function askOnAndOn() {
  for (;;) {
    if (isAsking) ask();
    await pause(50 + 100 * Math.random());
  }
}

async function ask() {
  const call = { askedMs: Date.now() };
  asks.add(call);
  asked += 1;
  try {
    const { expires_at } = await refresher.getTokens();
    const settledMs = Date.now();
    const expiresMs = expires_at * 1000;
    if (expiresMs + GRANTED_MS <= settledMs) expired.push({ ...call, settledMs, expiresMs });
  } catch (error) {
    rejections.push({ ...call, settledMs: Date.now(), code: error?.code ?? String(error) });
    shown.push(textOf(error));
  }
  asks.delete(call);
  longestMs = Math.max(longestMs, Date.now() - call.askedMs);
}

async function reportOnAndOn() {
  for (let round = 0; ; round++) {
    if (round % 4 === 0) await lookAround();
    const orders = await post({
      ...{ life, asked, longestMs, expired, freezes, loggedIn, state: refresher.state },
      oldestAskMs: Math.min(...[...asks].map(({ askedMs }) => askedMs)),
      waiting: asks.size,
      rejections: rejections.splice(0),
      ...observed(),
    });
    if (orders) isAsking = orders.isAsking;
    if (orders?.tokens) await logIn(orders);
    for (const end = Date.now() + (orders?.busyMs ?? 0); Date.now() < end;);
    await pause(REPORT_MS);
  }
}

async function logIn({ tokens, login }) {
  await refresher.setTokens(tokens).then(
    () => (loggedIn = login),
    (error) => complaints.push(`setTokens: ${error}`),
  );
}

/** Everything that a script of this origin can see without reading the storage. */
async function lookAround() {
  const { held, pending } = await navigator.locks.query();
  shown.push(...[...held, ...pending].map(({ name }) => `lock ${name}`));
  shown.push(`refresher ${refresher} ${JSON.stringify(refresher)}`);
  shown.push(`local storage ${Object.keys(localStorage)}`, `session storage ${Object.keys(sessionStorage)}`);
  for (const { name } of await indexedDB.databases()) shown.push(`database ${name}`);
  shown.push(`address ${location} ${document.referrer}`, `window ${window.name} ${document.title}`);
  shown.push(`cookies ${document.cookie}`, `history ${JSON.stringify(window.history.state)}`);
  shown.push(...performance.getEntries().map(({ name }) => `performance ${name}`));
  shown.push(...Object.keys(globalThis).map((name) => `global ${name}`));
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
