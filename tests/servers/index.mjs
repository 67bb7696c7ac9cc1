// All servers at once, for the demo, its page and the tests.

import { startGo1 } from "./go1.mjs";
import { startGoTo } from "./goto.mjs";
import { startOidc } from "./oidc.mjs";
import { startVault } from "./vault.mjs";

export { startGo1, startGoTo, startOidc, startVault };

/**
 * Options: secondsPerHour and clock for the three document servers; oidc, go1, goto, vault: options of one server alone.
 * By default oidc-provider's access tokens live one such hour too.
 */
export async function startAll({
  secondsPerHour = 3600,
  clock,
  oidc = {},
  go1 = {},
  goto = {},
  vault = {},
} = {}) {
  const time = clock ? { secondsPerHour, clock } : { secondsPerHour };
  const started = await Promise.allSettled([
    startOidc({ accessTokenSeconds: Math.max(1, Math.round(secondsPerHour)), ...oidc }),
    startGo1({ ...time, ...go1 }),
    startGoTo({ ...time, ...goto }),
    startVault({ ...time, ...vault }),
  ]);
  const close = () => Promise.all(started.map(({ value }) => value?.close())).then(() => undefined);
  const failed = started.find(({ status }) => status === "rejected");
  if (failed) {
    await close();
    throw failed.reason;
  }
  const servers = started.map(({ value }) => value);
  return { oidc: servers[0], go1: servers[1], goto: servers[2], vault: servers[3], close };
}
