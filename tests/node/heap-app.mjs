// How many strings of the JavaScript heap hold the last tokens: in use, after a sign-out of a refresher that lives on, and after
// close(). A program of its own, because the listener of the tests knows every token. Not a test by itself.
import { getHeapSnapshot, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createRefresher } from "oauth-refresher";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

let number = 0;
const secret = (kind) => [kind, "of-the-heap", ++number, "Kq".repeat(9)].join("-");
/** The beginnings of the last ones, put together when they are wanted. */
const needles = () => [
  ["access", "of-the-heap", number - 1, "Kq"].join("-"),
  ["refresh", "of-the-heap", number, "Kq"].join("-"),
];

const LONGEST = 40;

async function strings() {
  await new Promise((passed) => setTimeout(passed, 50));
  gc();
  let count = 0;
  let before = "";
  for await (const chunk of getHeapSnapshot()) {
    const all = before + chunk;
    // what is cut here begins the next text
    const from = Math.max(0, all.length - LONGEST);
    for (const needle of needles())
      for (let at = all.indexOf(needle); at >= 0 && at < from; at = all.indexOf(needle, at + 1)) count++;
    before = all.slice(from);
  }
  return count;
}

const granted = () => ({
  access_token: secret("access"),
  refresh_token: secret("refresh"),
  expires_in: 3600,
});
const options = {
  token_endpoint: "https://auth.example/token",
  client_id: "me",
  fetch: async () => Response.json(granted()),
  background: "never",
};
const refresher = createRefresher(options);
await refresher.setTokens(granted());
for (let count = 0; count < 3; count++) await refresher.refresh();
const inUse = await strings();
await refresher.signOut();
const after = await strings();

// What is stored stays after close(): here it is where the search does not find it.
let stored = btoa("null");
const storage = {
  load: () => JSON.parse(atob(stored)),
  save: (record) => void (stored = btoa(JSON.stringify(record))),
};
const closed = createRefresher({ ...options, storage });
await closed.setTokens(granted());
await closed.refresh();
closed.close();
const afterClose = await strings();
console.log(JSON.stringify({ inUse, after, afterClose, state: refresher.state, tokens: closed.tokens }));
process.exit();
