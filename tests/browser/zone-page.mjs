// A page with zone.js, and zones that watch as Angular does: zone.test.mjs bundles it and calls what it leaves in the global scope. Not a
// test by itself.
import "zone.js";
import { createRefresher } from "oauth-refresher/inline";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

/* global Zone */
/** A zone that knows what is pending in it, and whether an application in it is stable. */
function watched(name, parent) {
  const begun = [];
  const pending = new Map();
  let isBusy = false;
  const zone = parent.fork({
    name,
    onScheduleTask(delegate, _, target, task) {
      const scheduled = delegate.scheduleTask(target, task);
      const { type, source, data } = task;
      if (type === "microTask") return scheduled;
      const delay = data?.delay === undefined ? "" : ` ${Math.round(data.delay / 1000)} s`;
      begun.push(`${type} ${source}${delay}`);
      if (type === "macroTask") pending.set(task, source + delay);
      return scheduled;
    },
    onInvokeTask(delegate, _, target, task, ...given) {
      pending.delete(task);
      return delegate.invokeTask(target, task, ...given);
    },
    onCancelTask(delegate, _, target, task) {
      pending.delete(task);
      return delegate.cancelTask(target, task);
    },
    onHasTask(delegate, current, target, state) {
      delegate.hasTask(target, state);
      if (current === target && state.change === "macroTask") isBusy = state.macroTask;
    },
  });
  return { zone, begun, seen: () => ({ isBusy, pending: [...pending.values()], begun }) };
}

const paused = (ms) => Zone.root.run(() => new Promise((resolve) => setTimeout(resolve, ms)));

/** What an application's zone saw of a session whose next refresh is scheduled, after calls, a refresh and an aborted caller. */
async function application(background) {
  const { zone, seen } = watched("angular", Zone.root);
  const server = fakeAuthorizationServer();
  const aborting = new AbortController();
  const refresher = zone.run(() => createRefresher({ ...server.options, background }));
  await zone.run(() => refresher.setTokens({ ...server.login(), expires_in: 3600 }));
  await zone.run(() => refresher.getAccessToken());
  await zone.run(() => refresher.refresh({ signal: aborting.signal }));
  const leaving = zone.run(() => refresher.refresh({ signal: aborting.signal }));
  leaving.catch(() => {});
  Zone.root.run(() => aborting.abort());
  await leaving.catch(() => {});
  await paused(1500);
  const outcome = { ...seen(), requests: server.requests.length };
  refresher.close();
  return outcome;
}

/** What begins in the zone of a caller of a refresher that another zone made. */
async function caller() {
  const maker = watched("maker", Zone.root);
  const its = watched("caller", Zone.root);
  const server = fakeAuthorizationServer();
  const refresher = maker.zone.run(() => createRefresher({ ...server.options, background: "never" }));
  const { signal } = new AbortController();
  await its.zone.run(() => refresher.setTokens({ ...server.login(), expires_in: undefined, expires_at: 1 }));
  await its.zone.run(() => refresher.getTokens({ signal }));
  await its.zone.run(() => refresher.load({ signal }));
  refresher.close();
  return { maker: maker.begun.length > 0, caller: its.begun };
}

globalThis.inZones = { application, caller };
