// Leaks a piece of a token in the place that its argument names. Not a test by itself: see tests/node/leaks.test.mjs.
import "./listener.mjs";
import { writeFile } from "node:fs/promises";
import { createRefresher, RefreshError } from "oauth-refresher";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

const [place, folder] = process.argv.slice(2);
const client_secret = "s3cret with / and =";
const server = fakeAuthorizationServer({ client_secret });
const { refresh_token } = server.login();
const refresher = createRefresher({ ...server.options, tokens: { refresh_token } });
const token = await refresher.getAccessToken();
const piece = token.slice(-8);

const plants = {
  nothing: () => console.log(token.slice(-7)),
  "standard output": () => console.log(`got ${piece}`),
  "standard error": () => console.error(refresh_token.slice(-20, -12)),
  "an error": () => new RefreshError({ code: "bad_response", error_description: piece }),
  "a cause": () => fire({ cause: new Error(piece) }),
  "an event": () => fire({ said: client_secret.slice(2, 10) }),
  "a warning": () => process.emitWarning(piece),
  "a message": () => {
    const channel = new BroadcastChannel("session");
    channel.postMessage({ piece });
    channel.close();
  },
  "the name of a file": () => writeFile(`${folder}/${piece}`, ""),
  "a file that is a lock": () => writeFile(`${folder}/session.lock.1`, piece),
};

/** Dispatches an event as a refresher does. */
function fire({ cause, ...detail }) {
  const error = new Error("what happened", { cause });
  refresher.dispatchEvent(new CustomEvent("storage-failed", { detail: { ...detail, error } }));
}

await plants[place]();
