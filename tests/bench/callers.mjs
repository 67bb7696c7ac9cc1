// Ten thousand callers ask at once while the access token is expired: the time until all have the new one, and the number of token
// requests. `node tests/bench/callers.mjs [rounds]`, after `cargo xtask pack`.
import { createRefresher } from "oauth-refresher";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

const CALLERS = 10_000;
const rounds = Number(process.argv[2] ?? 9);
const times = { asking: [], settled: [] };

for (let round = 0; round <= rounds; round++) {
  const server = fakeAuthorizationServer();
  const tokens = { ...server.login(), expires_in: undefined, expires_at: 1 };
  const refresher = createRefresher({ ...server.options, tokens });
  const begun = performance.now();
  const calls = Array.from({ length: CALLERS }, () => refresher.getAccessToken());
  const asked = performance.now();
  const answers = await Promise.all(calls);
  const settled = performance.now();
  if (new Set(answers).size !== 1 || server.requests.length !== 1)
    throw new Error(`${new Set(answers).size} tokens, ${server.requests.length} requests`);
  if (round === 0) continue; // the first round includes the compilation of the core
  times.asking.push(asked - begun);
  times.settled.push(settled - begun);
}

for (const [name, values] of Object.entries(times)) {
  const sorted = values.sort((a, b) => a - b);
  const at = (part) => sorted[Math.floor((sorted.length - 1) * part)].toFixed(1);
  console.log(
    `${name}: median ${at(0.5)} ms, from ${at(0)} to ${at(1)}, ${rounds} rounds of ${CALLERS} callers, 1 request each`,
  );
}
