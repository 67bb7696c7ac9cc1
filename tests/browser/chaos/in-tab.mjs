// What a tab of chaos.test.mjs does: it asks for a token again and again, and tells its server what it saw.

import { createRefresher } from "oauth-refresher";
import { indexedDbStorage, webStorage } from "oauth-refresher/storage";

const REPORT_MS = 200;
/** From the decision that a token is still good to the line that has it. */
const GRANTED_MS = 50;
const { life, kind, server } = JSON.parse(document.querySelector("meta[name=given]").content);

const shown = []; // everything that a console, an event, an error, a lock or a channel showed
const history = []; // what was written, and what listeners were told
const rejections = [];
const complaints = [];
const channels = new Map();
const asks = new Set();
let asked = 0;
let longestMs = 0;
const expired = []; // calls that were given a token that had run out
let freezes = 0;
let isAsking = false;
let loggedIn = 0;

listenToThePage();
listenToChannels();
const refresher = createRefresher({
  ...server,
  parameters: { life: String(life) }, // the server is to know whose request it is
  storage: recorded(kind === "local" ? webStorage(localStorage, "session") : indexedDbStorage("session")),
});
for (const type of ["token-changed", "refresh-failed", "session-ended", "storage-failed"])
  refresher.addEventListener(type, ({ detail }) => {
    const { tokens, error, ...others } = detail;
    // Both are in the event on purpose.
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

/** The same storage, with what was written to it and when. */
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
    return { isAsking }; // a page that is being reloaded; a lasting silence is noticed elsewhere
  }
}

/** What every script of this origin can see without looking into the storage. */
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

/** On every channel that somebody opens in this tab, an ear of our own. */
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
