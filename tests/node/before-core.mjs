// What the tests of the reader before the core share: a server, virtual time, a storage that counts, a refresher with its steps. Not a
// test by itself.
import { afterEach, beforeEach } from "node:test";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { createRefresher } from "../node_modules/oauth-refresher/entry/browser.js";
import { virtualTime } from "./virtual-time.mjs";

export const SECOND = 1000;
export const HOUR = 3600 * SECOND;

export let server;
export let time;
beforeEach(() => {
  server = fakeAuthorizationServer();
  time = virtualTime();
});
afterEach(() => time.restore());

/** A record as a refresher left it. */
export async function left(login, options = {}) {
  const storage = memoryStorage();
  const refresher = createRefresher({ ...server.options, ...options, storage });
  await refresher.setTokens(login);
  refresher.close();
  return storage.load();
}

/** A storage that another context may write, and of which each call is counted. */
export function shelf(record) {
  const counts = { load: 0, save: 0, lock: 0 };
  let changed = () => {};
  return {
    record,
    counts,
    conditionalSave: true,
    load() {
      counts.load++;
      return structuredClone(this.record);
    },
    save(record, expected) {
      counts.save++;
      if ((this.record?.generation ?? null) !== expected) return false;
      this.record = structuredClone(record);
      return true;
    },
    lock(work) {
      counts.lock++;
      return work();
    },
    subscribe(heard) {
      changed = heard;
      return () => (changed = () => {});
    },
    /** Another context writes. */
    write(record) {
      this.record = record;
      changed();
    },
  };
}

/** A refresher at that storage, the steps of its core, and its events. */
export function opened(storage, options = {}) {
  const steps = [];
  const events = [];
  const refresher = createRefresher({
    ...server.options,
    storage,
    ...options,
    trace: ({ event }) => steps.push(event),
  });
  for (const type of ["state-changed", "token-changed", "session-ended", "refresh-failed", "storage-failed"])
    refresher.addEventListener(type, ({ detail }) => events.push([type, detail.state ?? detail.source]));
  return { refresher, steps, events };
}

export const login = () => ({ ...server.login(), expires_in: 3600 });
