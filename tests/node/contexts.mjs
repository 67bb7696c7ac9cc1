// Contexts on one record, in virtual time. Not a test by itself.
import { afterEach, beforeEach } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { record } from "./session.mjs";
import { virtualTime } from "./virtual-time.mjs";

export const SECOND = 1000;
export const HOUR = 3600 * SECOND;

export let time;
beforeEach(() => (time = virtualTime()));
afterEach(() => time.restore());

export const runOut = (tokens) => ({ ...tokens, expires_in: undefined, expires_at: 1 });

/** One record as separate contexts see it: without notifications, with no lock except the given one, and without a queue in the realm. */
export const apart = ({ load, save, compares = true }) => ({
  load,
  save,
  ...(compares && { conditionalSave: true }),
});

/** A database row without compare-and-swap. */
export function row() {
  let stored = null;
  return {
    compares: false,
    load: () => structuredClone(stored),
    save: (record) => void (stored = structuredClone(record)),
  };
}

/** A lock of the host: a separate queue. */
export function hostLock() {
  let last = Promise.resolve();
  const lock = (work) => {
    lock.waiting++;
    const turn = last.then(() => (lock.waiting--, work()));
    last = turn.catch(() => {});
    return turn;
  };
  lock.waiting = 0;
  return lock;
}

export function context(server, storage, options = {}) {
  const refresher = createRefresher({ ...server.options, storage, timeoutSeconds: 5, ...options });
  return { refresher, events: record(refresher) };
}

/** Contexts on one record with an expired access token. */
export async function contexts(
  count,
  { server = fakeAuthorizationServer(), storage = memoryStorage(), ...options } = {},
) {
  const first = context(server, apart(storage), options);
  await first.refresher.setTokens(runOut(server.login()));
  const others = Array.from({ length: count - 1 }, () => context(server, apart(storage), options));
  return { server, storage, all: [first, ...others] };
}

export async function outcomeOf(promise, seconds = 60) {
  const begun = performance.now();
  let outcome;
  const settled = (name) => (value) =>
    (outcome ??= { [name]: value, after: (performance.now() - begun) / SECOND });
  promise.then(settled("value"), settled("reason"));
  await time.settle();
  for (let passed = 0; !outcome && passed < seconds * 4; passed++) await time.pass(SECOND / 4);
  return outcome ?? {};
}

/** A session with a new access token. */
export async function begin({ accessTokenSeconds = 3600, server: given, ...options } = {}) {
  const server = given ?? fakeAuthorizationServer({ accessTokenSeconds });
  const storage = options.storage ?? memoryStorage();
  const refresher = createRefresher({ ...server.options, ...options, storage });
  const events = record(refresher);
  await refresher.setTokens(server.login());
  return { server, storage, refresher, events };
}

/** The result of a promise that has settled, else undefined. */
export const within = async (promise, ms) => {
  let answer;
  promise.then(
    (value) => (answer = { value }),
    (reason) => (answer = { reason }),
  );
  await time.pass(ms);
  return answer;
};

/** The same record for a context without notifications, like another process. */
export const unheard = ({ load, save, lock }) => ({ load, save, lock, conditionalSave: true });
