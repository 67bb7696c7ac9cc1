// One of several processes on one session: asks for a token again and again, and says what it got. Not a test by itself.
import "../leaks/listener.mjs";
import { createRefresher } from "oauth-refresher";
import { fileStorage } from "oauth-refresher/storage/node";

const [token_endpoint, client_id, file, milliseconds] = process.argv.slice(2);
const refresher = createRefresher({
  token_endpoint,
  client_id,
  storage: fileStorage(file),
  timeoutSeconds: 5,
});
const end = Date.now() + Number(milliseconds);
const counts = { tokens: 0, errors: {} };
while (Date.now() < end) {
  try {
    await refresher.getAccessToken();
    counts.tokens++;
  } catch ({ code, message }) {
    counts.errors[code ?? message] = (counts.errors[code ?? message] ?? 0) + 1;
    if (code === "session_ended") break;
  }
  await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 30));
}
console.log(JSON.stringify(counts));
process.exit(); // with what the listener says
