// A program with zone.js and a zone like Angular's: zone-timers.test.mjs bundles and runs it. Not a test by itself.
import "zone.js/node";
import { createRefresher } from "oauth-refresher";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

/* global Zone */
const runOut = (tokens) => ({ ...tokens, expires_in: undefined, expires_at: 1 });

/** A zone that keeps what is begun in it, as Angular does to know when an application is stable. */
function watched(name, parent) {
  const begun = [];
  const zone = parent.fork({
    name,
    onScheduleTask(delegate, _, target, task) {
      const { type, source, data } = task;
      if (type === "macroTask") begun.push(`${source} ${data?.delay}`);
      return delegate.scheduleTask(target, task);
    },
  });
  return { zone, begun };
}

/** Lowered code has no await outside of functions. */
async function main() {
  const outcome = {};
  for (const [name, isMadeInside] of Object.entries({ "made in the zone": true, "made outside": false })) {
    const { zone, begun } = watched("angular", Zone.current);
    const { zone: within } = watched("a part of the application", zone);
    const server = fakeAuthorizationServer();
    const make = () => createRefresher({ ...server.options, background: "always" });
    const refresher = isMadeInside ? within.run(make) : make();
    await within.run(() => refresher.setTokens(runOut(server.login())));
    await within.run(() => refresher.getAccessToken());
    await within.run(() => refresher.getTokens({ minValiditySeconds: 3000, timeoutSeconds: 5 }));
    refresher.close();
    outcome[name] = { begun, requests: server.requests.length };
  }

  // no zone of an application: the one that the refresher was made in, so that fake timers of a test zone hold
  const maker = watched("maker", Zone.current);
  const caller = watched("caller", Zone.current);
  const server = fakeAuthorizationServer();
  const refresher = maker.zone.run(() => createRefresher({ ...server.options, background: "always" }));
  await caller.zone.run(() => refresher.setTokens(runOut(server.login())));
  await caller.zone.run(() => refresher.getAccessToken());
  refresher.close();
  outcome["another zone"] = { maker: maker.begun.length > 0, caller: caller.begun };
  console.log(JSON.stringify(outcome));
  process.exit();
}

main();
