// One process on a shared file: asks for a token again and again, and says by IPC what it got. Not a test by itself.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { token_endpoint, file, id, withoutLinks, everyMs = 30 } = JSON.parse(process.argv[2]);
if (withoutLinks) {
  const refused = async () => {
    throw Object.assign(new Error("operation not permitted, link"), { code: "EPERM" });
  };
  fs.promises.link = refused;
  syncBuiltinESMExports();
}
const { createRefresher, fileStorage } = await import("./package.mjs");

const { now } = Date;
let jumpedMs = 0;
Date.now = () => now() + jumpedMs;
let ends = false;
process.on("message", ({ jumpMs = 0, blockMs, end }) => {
  jumpedMs += jumpMs;
  ends ||= !!end;
  if (blockMs) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
});
process.on("disconnect", () => process.exit());

const refresher = createRefresher({
  token_endpoint,
  client_id: "chaos",
  background: "never",
  headers: { "x-worker": id },
  storage: fileStorage(file),
});
const counts = { tokens: 0, errors: {}, failed: {} };
const count = (into, what) => (into[what] = (into[what] ?? 0) + 1);
refresher.addEventListener("storage-failed", ({ detail }) =>
  count(counts.failed, detail.error?.code ?? detail.error?.message),
);
process.send({ ready: true });
while (!ends) {
  try {
    await refresher.getAccessToken();
    counts.tokens++;
  } catch ({ code }) {
    count(counts.errors, code);
    if (code === "session_ended") process.send({ sessionEnded: true });
  }
  await new Promise((resolve) => setTimeout(resolve, everyMs * (0.5 + Math.random())));
}
// an exit in the middle of a request would lose its reply
while (refresher.state === "refreshing") await new Promise((resolve) => setTimeout(resolve, 50));
process.send({ counts }, () => process.exit());
