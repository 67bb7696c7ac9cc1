// A tab of chaos.test.mjs: asks for a token again and again, and reports to its server what it saw.

import { createRefresher } from "oauth-refresher";
import { indexedDbStorage, webStorage } from "oauth-refresher/storage";

const REPORT_MS = 200;
/** The time between the decision that a token is valid and its delivery. */
const GRANTED_MS = 50;
const { life, kind, server } = JSON.parse(document.querySelector("meta[name=given]").content);

const shown = []; // all texts of consoles, events, errors, locks and channels
const history = []; // writes, and the events of listeners
const rejections = [];
const complaints = [];
const channels = new Map();
const asks = new Set();
let asked = 0;
let longestMs = 0;
const expired = []; // calls that got an expired token
let freezes = 0;
let isAsking = false;
let loggedIn = 0;

listenToThePage();
listenToChannels();
const refresher = createRefresher({
  ...server,
  parameters: { life: String(life) }, // tells the server which tab sent the request
  storage: recorded(kind === "local" ? webStorage(localStorage, "session") : indexedDbStorage("session")),
});
for (const type of ["token-changed", "refresh-failed", "session-ended", "storage-failed"])
  refresher.addEventListener(type, ({ detail }) => {
    const { tokens, error, ...others } = detail;
    // These two are tokens that the event contains on purpose.
    const { access_token, id_token, ...members } = tokens ?? {};
    shown.push(`${type} ${JSON.stringify({ ...others, members })} ${error ? textOf(error) : ""}`);
    note(type, others.source ?? error?.code ?? String(error), others.generation);
    if (type === "storage-failed") complaints.push(`storage-failed: ${error}`);
  });
askOnAndOn();
reportOnAndOn();

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
      complaints: complaints.splice(0),
      shown: [...new Set(shown.splice(0))],
      history: history.splice(0),
    });
    isAsking = orders.isAsking;
    if (orders.tokens) await logIn(orders);
    for (const end = Date.now() + (orders.busyMs ?? 0); Date.now() < end;);
    await pause(REPORT_MS);
  }
}

async function logIn({ tokens, login }) {
  await refresher.setTokens(tokens).then(
    () => (loggedIn = login),
    (error) => complaints.push(`setTokens: ${error}`),
  );
}

/** The storage, with a log of its writes. */
function recorded(storage) {
  const { load, save, ...others } = storage;
  let last;
  return {
    ...others,
    async load() {
      const record = await load();
      const found = record ? `${record.generation}${record.pending ? " marked" : ""}` : "nothing";
      if (found !== last) note("read", (last = found));
      return record;
    },
    async save(record, expected) {
      note("writes", record ? `${record.generation}${record.pending ? " marked" : ""}` : "nothing", expected);
      const written = await save(record, expected);
      note(written ? "wrote" : "did not write", record?.generation ?? "nothing", expected);
      return written;
    },
  };
}

function note(...words) {
  history.push([Date.now(), ...words]);
}

async function post(report) {
  try {
    const reply = await fetch("/report", { method: "POST", body: JSON.stringify(report) });
    return await reply.json();
  } catch {
    return { isAsking }; // the page is reloading; the storm detects a lasting silence
  }
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

function listenToThePage() {
  addEventListener("error", ({ message }) => complaints.push(`error: ${message}`));
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(`unhandled: ${textOf(reason)}`));
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    complaints.push(`policy: ${violatedDirective} ${blockedURI}`),
  );
  document.addEventListener("freeze", () => (freezes += 1));
  for (const level of ["debug", "log", "info", "warn", "error"]) {
    const original = console[level].bind(console);
    console[level] = (...words) => {
      shown.push(`console ${words.map(textOf)}`);
      if (level === "error") complaints.push(`console: ${words.map(textOf)}`);
      original(...words);
    };
  }
}

/** Listens on every BroadcastChannel that a script opens in this tab. */
function listenToChannels() {
  const Original = BroadcastChannel;
  globalThis.BroadcastChannel = class extends Original {
    constructor(name) {
      super(name);
      if (channels.has(name)) return;
      const ear = new Original(name);
      ear.onmessage = ({ data }) => shown.push(`message ${JSON.stringify(data)}`);
      channels.set(name, ear);
      shown.push(`channel ${name}`);
    }
  };
}

function textOf(value) {
  if (!(value instanceof Error)) return typeof value === "object" ? JSON.stringify(value) : String(value);
  const { name, message, stack, cause, ...members } = value;
  return [name, message, stack, JSON.stringify(value), JSON.stringify(members), cause && textOf(cause)].join(
    " ",
  );
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
