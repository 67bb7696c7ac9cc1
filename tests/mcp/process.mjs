// One process of a client: calls a tool at a steady pace, logs in when that is wanted, and tells its parent what came of each call.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FileProvider, openClient } from "./cli.mjs";

const plan = JSON.parse(process.argv[2]);
const { sdk, isOurs, url, folder, name, seconds, everyMs, atOnce, everyTool, reuse, key, hasLoginLock } =
  plan;
const provider = new FileProvider(join(folder, "author", String(plan.server ?? 0)));
// an author who remembers no discovery, so that the SDK looks again
if (plan.isForgetful) provider.discoveryState = provider.saveDiscoveryState = undefined;
const headers = { "x-process": String(name) };
const options = isOurs ? await session() : { authProvider: await stock(), requestInit: { headers } };
const client = await openClient({ sdk, url, options, provider, personMs: 300 });
const told = { calls: 0, failed: 0, logins: 0, errors: {} };

process.on("message", (message) => message === "go" && run());
process.send({ isReady: true });

async function session() {
  const { mcpSession } = await import("oauth-refresher/mcp");
  const { fileStorage } = await import("oauth-refresher/storage/node");
  const { dpop } = await import("oauth-refresher/dpop");
  return mcpSession(provider, {
    serverUrl: url,
    storage: ({ key }) => fileStorage(join(folder, `${key}.json`)),
    ...(hasLoginLock && { loginLock: fileStorage(join(folder, "login")).lock }),
    ...(key && { dpop: dpop({ keyPair: await keyPair() }) }),
    refresh: { headers, ...(reuse && { reuse }) },
  });
}

async function stock() {
  if (!key) return provider;
  const { DpopSession } = await import("@modelcontextprotocol/client");
  const publicJwk = JSON.parse(readFileSync(key, "utf8")).publicKey;
  const session = await DpopSession.create({
    keyPair: { ...(await keyPair()), publicJwk, thumbprint: "", alg: "ES256" },
  });
  provider.dpop = () => session;
  return provider;
}

async function keyPair() {
  const jwks = JSON.parse(readFileSync(key, "utf8"));
  const imported = (jwk, use) =>
    crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, use === "verify", [use]);
  return {
    privateKey: await imported(jwks.privateKey, "sign"),
    publicKey: await imported(jwks.publicKey, "verify"),
  };
}

async function run() {
  await client.ready().then(
    () => (told.calls += 1),
    (error) => failed([error], "ready: "),
  );
  const endsAt = performance.now() + seconds * 1000;
  for (let round = 0; performance.now() < endsAt; round++) {
    const tool = everyTool && round % everyTool === everyTool - 1 ? "administer" : "echo";
    const results = await Promise.allSettled(
      Array.from({ length: atOnce ?? 1 }, () => client.call(tool, plan.timeoutMs ?? 30_000)),
    );
    const refused = results.filter(({ status }) => status === "rejected").map(({ reason }) => reason);
    told.calls += results.length - refused.length;
    failed(refused);
    if (refused.some(client.isLoginWanted)) await logIn();
    told.logins = provider.opened.length;
    process.send(told);
    await sleep(everyMs);
  }
  process.send({ ...told, isOver: true });
  process.exit();
}

function failed(errors, when = "") {
  told.calls += errors.length;
  told.failed += errors.length;
  for (const error of errors) {
    const text = `${when}${error.code ?? ""} ${error.message}`.slice(0, 90);
    told.errors[text] = (told.errors[text] ?? 0) + 1;
  }
}

async function logIn() {
  try {
    await client.logIn();
    await client.connect();
  } catch (error) {
    told.errors[`login: ${error.message}`.slice(0, 90)] = 1;
  }
}
