// The packed tarball in Deno and Bun: imports, refreshes over HTTP, idle programs, a file shared with Node, and the claims about
// refresher.fetch.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createRefresher } from "oauth-refresher";
import { fileStorage } from "oauth-refresher/storage/node";
import { claims } from "../fetch/claims.mjs";
import { startApi } from "../servers/api.mjs";
import { startOidc } from "../servers/oidc.mjs";
import { bun, deno } from "./programs.mjs";
import { startProject } from "./project.mjs";

const CLAIMS = fileURLToPath(new URL("../fetch", import.meta.url));

const runtimes = {
  deno: { program: deno, before: ["run", "-A"] },
  bun: { program: bun, before: ["run"] },
};

let oidc, api, other, project;
before(async () => {
  [oidc, api, other] = await Promise.all([startOidc(), startApi(), startApi()]);
  project = await startProject({ type: "module", dependencies: { "oauth-refresher": "*" } });
  for (const name of readdirSync(CLAIMS).filter((name) => /^(claims.*|world)\.mjs$/.test(name)))
    await project.write(name, await readFile(join(CLAIMS, name), "utf8"));
});
after(() => Promise.all([oidc?.close(), api?.close(), other?.close(), project?.remove()]));
beforeEach(() => (oidc.requests.length = 0));

async function session() {
  const { token_endpoint, clients } = oidc;
  const tokens = { ...(await oidc.mint("none")), expires_in: undefined, expires_at: 1 };
  return { token_endpoint, client_id: clients.none.client_id, tokens, timeoutSeconds: 5 };
}

for (const [name, { program, before }] of Object.entries(runtimes)) {
  const skip = !program && `npm has no ${name} for ${process.platform}-${process.arch}`;
  /** The output of a script of that project: one line of JSON. */
  async function said(text, options) {
    await project.write("script.mjs", text);
    const ran = await project.run(program, [...before, "script.mjs", JSON.stringify(options)]);
    assert.deepEqual([ran.code, ran.stderr], [0, ""], ran.stdout);
    return { ...JSON.parse(ran.stdout), endedAfterMs: ran.elapsedMs };
  }

  test(`an installed package refreshes in ${name} and lets the program end`, { skip }, async () => {
    for (const entry of ["oauth-refresher", "oauth-refresher/js"]) {
      oidc.requests.length = 0;
      const { engine, types, endedAt } = await said(
        `import { createRefresher } from "${entry}";
const refresher = createRefresher(JSON.parse(process.argv[2]));
const types = [];
for (const type of ["token-changed", "refresh-failed", "session-ended", "storage-failed"])
  refresher.addEventListener(type, () => types.push(type));
const [first, second] = await Promise.all([refresher.getAccessToken(), refresher.getAccessToken()]);
if (first !== second || (await refresher.refresh()).access_token === first) throw new Error("no refresh");
await new Promise((resolve) => setTimeout(resolve, 10));
console.log(JSON.stringify({ engine: refresher.capabilities.engine, types, endedAt: Date.now() }));`,
        { ...(await session()), background: "always", keepAliveSeconds: 3600 },
      );
      assert.equal(engine, entry.endsWith("/js") ? "js" : "wasm");
      // the tokens of the options, and two refreshes
      assert.deepEqual(types, ["token-changed", "token-changed", "token-changed"]);
      assert.equal(oidc.requests.length, 2);
      assert.ok(Date.now() - endedAt < 3000, `it lived ${Date.now() - endedAt} ms longer`);
    }
  });

  test(`a program in ${name} and one in Node share a session in a file`, { skip }, async () => {
    const file = join(project.folder, `${name}.json`);
    const { tokens, ...options } = await session();
    const here = createRefresher({ ...options, storage: fileStorage(file) });
    await here.setTokens(tokens);
    const [{ theirs }, ours] = await Promise.all([
      said(
        `import { createRefresher } from "oauth-refresher";
import { fileStorage } from "oauth-refresher/storage/node";
const { file, ...options } = JSON.parse(process.argv[2]);
const refresher = createRefresher({ ...options, storage: fileStorage(file) });
console.log(JSON.stringify({ theirs: (await refresher.getAccessToken()).slice(-7) }));`,
        { ...options, file },
      ),
      here.getAccessToken(),
    ]);
    assert.equal(theirs, ours.slice(-7));
    assert.equal(oidc.requests.length, 1, "one of them refreshed, and the other read it");
    here.close();
  });

  test(`the claims about refresher.fetch hold in ${name}`, { skip }, async () => {
    const { results } = await said(
      `import { createRefresher } from "oauth-refresher";
import { runClaims } from "./claims.mjs";
console.log(JSON.stringify({ results: await runClaims({ createRefresher, ...JSON.parse(process.argv[2]) }) }));`,
      { apiOrigin: api.origin, otherOrigin: other.origin },
    );
    assert.equal(results.length, Object.keys(claims).length);
    assert.deepEqual(
      results.filter(({ failure, skipped }) => failure || skipped),
      [],
    );
  });
}
