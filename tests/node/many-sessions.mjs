// Ten thousand sessions from login to close, in virtual time; prints its observations. A separate process, because node:test tracks
// every promise, which would dominate the run time. Not a test by itself.
import "../leaks/listener.mjs";
import { createRefresher } from "oauth-refresher";
import { virtualTime } from "./virtual-time.mjs";

const SESSIONS = Number(process.argv[2]);
/** Just before the access tokens expire. */
const ALMOST_AN_HOUR_MS = 3_590_000;

/** Counts the compiled modules and their instances. */
const made = { modules: 0, instances: 0 };
const { Instance, compile } = WebAssembly;
WebAssembly.compile = (...given) => (made.modules++, compile(...given));
WebAssembly.Instance = class extends Instance {
  constructor(...given) {
    super(...given);
    made.instances++;
  }
};

const time = virtualTime();
const uses = new Array(SESSIONS).fill(0);
const reply = { access_token: "second", refresh_token: "second-of-all", expires_in: 3600 };
const refreshers = uses.map((_, i) =>
  createRefresher({
    token_endpoint: "https://auth.example/token",
    client_id: "many",
    fetch: async () => (uses[i]++, Response.json(reply)),
    background: "always",
  }),
);
const login = { access_token: "first", refresh_token: "first-of-all", expires_in: 3600 };
await Promise.all(refreshers.map((refresher) => refresher.setTokens(login)));
await time.settle();
const rested = timers();
await time.passBusy(ALMOST_AN_HOUR_MS);
const refreshed = refreshers.filter(
  ({ tokens }, i) => uses[i] === 1 && tokens.access_token === "second",
).length;
const restedAgain = timers();
refreshers.forEach((refresher) => refresher.close());
const closed = timers();
time.restore();
console.log(JSON.stringify({ made, rested, refreshed, restedAgain, closed }));

function timers() {
  const armed = time.armed();
  return { armed: armed.length, keepingAlive: armed.filter(({ isRef }) => isRef).length };
}
