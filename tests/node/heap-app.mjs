// How many strings of the JavaScript heap hold a refresh token: in use, and after a sign-out of a refresher that lives on. A program of its
// own, because the listener of the tests knows every token. Not a test by itself.
import { getHeapSnapshot, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createRefresher } from "oauth-refresher";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

let number = 0;
const secret = (kind) => [kind, "of-the-heap", ++number, "Kq".repeat(9)].join("-");
/** The beginning of the last one, put together when it is wanted. */
const needle = () => ["refresh", "of-the-heap", number, "Kq"].join("-");

async function strings() {
  await new Promise((passed) => setTimeout(passed, 50));
  gc();
  let count = 0;
  let before = "";
  for await (const chunk of getHeapSnapshot()) {
    const all = before + chunk;
    count += all.split(needle()).length - 1;
    before = all.slice(1 - needle().length);
  }
  return count;
}

const granted = () => ({
  access_token: secret("access"),
  refresh_token: secret("refresh"),
  expires_in: 3600,
});
const refresher = createRefresher({
  token_endpoint: "https://auth.example/token",
  client_id: "me",
  fetch: async () => Response.json(granted()),
  background: "never",
});
await refresher.setTokens(granted());
for (let count = 0; count < 3; count++) await refresher.refresh();
const inUse = await strings();
await refresher.signOut();
console.log(JSON.stringify({ inUse, after: await strings(), state: refresher.state }));
process.exit();
