// What tabs and hosts of chaos.test.mjs observe and report: texts that are shown, the history of a storage, complaints.

/** All texts of consoles, events, errors, locks and channels. */
export const shown = [];
/** Writes, and the events of listeners. */
export const history = [];
export const complaints = [];
const channels = new Map();

export function note(...words) {
  history.push([Date.now(), ...words]);
}

/** What was observed since the last call. */
export const observed = () => ({
  complaints: complaints.splice(0),
  shown: [...new Set(shown.splice(0))],
  history: history.splice(0),
});

/** The orders of the server; undefined if it cannot be reached: a page that reloads. The storm detects a lasting silence. */
export async function post(report) {
  try {
    const reply = await fetch("/report", { method: "POST", body: JSON.stringify(report) });
    return await reply.json();
  } catch {
    return undefined;
  }
}

/** Events without the tokens that they contain on purpose. */
export function listenToEvents(refresher) {
  for (const type of ["token-changed", "refresh-failed", "session-ended", "storage-failed"])
    refresher.addEventListener(type, ({ detail }) => {
      const { tokens, error, ...others } = detail;
      const { access_token, id_token, ...members } = tokens ?? {};
      shown.push(`${type} ${JSON.stringify({ ...others, members })} ${error ? textOf(error) : ""}`);
      note(type, others.source ?? error?.code ?? String(error), others.generation);
      if (type === "storage-failed") complaints.push(`storage-failed: ${error}`);
    });
}

/** The storage, with a log of its writes. */
export function recorded(storage) {
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

export function listenToTheRealm() {
  addEventListener("error", ({ message }) => complaints.push(`error: ${message}`));
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(`unhandled: ${textOf(reason)}`));
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    complaints.push(`policy: ${violatedDirective} ${blockedURI}`),
  );
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
export function listenToChannels() {
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

export function textOf(value) {
  if (!(value instanceof Error)) return typeof value === "object" ? JSON.stringify(value) : String(value);
  const { name, message, stack, cause, ...members } = value;
  return [name, message, stack, JSON.stringify(value), JSON.stringify(members), cause && textOf(cause)].join(
    " ",
  );
}
