// The package twice in one program: two versions in one page, and a library that npm linked, which has a copy of its own. Both copies hold
// one session; the server takes each refresh token once, so that a second request for one would end it.

import assert from "node:assert/strict";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import puppeteer from "puppeteer-core";
import { startProject } from "../runtimes/project.mjs";

const UNPACKED = join(dirname(fileURLToPath(import.meta.url)), "../node_modules/oauth-refresher");

let project, server;
before(async () => {
  project = await startProject({ type: "module" });
  server = await startServer();
  await cp(UNPACKED, join(project.folder, "node_modules/earlier"), { recursive: true });
  const manifest = JSON.parse(await readFile(join(UNPACKED, "package.json"), "utf8"));
  await writeFile(
    join(project.folder, "node_modules/earlier/package.json"),
    JSON.stringify({ ...manifest, name: "earlier", version: "0.0.9" }),
  );
});
after(async () => {
  await project?.remove();
  await server?.close();
});

/** Both want a token at once, twice; then each refreshes. */
const USED = (storage) => `
  const given = (base) => ({ token_endpoint: base + "/token", client_id: "twice", retries: 0 });
  export async function used(base) {
    const stores = [one, other].map((copy) => copy.${storage});
    const refreshers = [one, other].map(({ createRefresher }, index) =>
      createRefresher({ ...given(base), storage: stores[index] }));
    await refreshers[0].setTokens({ refresh_token: "r0" });
    const together = await Promise.all(refreshers.map((each) => each.getAccessToken()));
    const refreshed = [await refreshers[0].refresh(), await refreshers[1].refresh()].map(({ access_token }) => access_token);
    const last = await Promise.all(refreshers.map((each) => each.getTokens()));
    refreshers.forEach((each) => each.close());
    const failure = await refreshers[1].getAccessToken().catch((error) => error);
    return {
      together,
      refreshed,
      last: last.map(({ access_token }) => access_token),
      failure: failure.code,
      isOwn: failure instanceof other.RefreshError,
      isOthers: failure instanceof one.RefreshError,
    };
  }
`;

const EXPECTED = {
  together: ["a1", "a1"],
  // The second one finds newer tokens than those that it knew.
  refreshed: ["a2", "a2"],
  last: ["a2", "a2"],
  failure: "closed",
  isOwn: true,
  isOthers: false,
};

test("two versions in one page share a session by its storage, each with its own RefreshError", async () => {
  const contents = `
    import * as root from "oauth-refresher";
    import * as stores from "oauth-refresher/storage";
    import * as earlier from "earlier";
    import * as earlierStores from "earlier/storage";
    const one = { ...root, ...stores };
    const other = { ...earlier, ...earlierStores };
    ${USED('indexedDbStorage("session")')}
    globalThis.outcome = used(location.origin);
  `;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: project.folder },
    bundle: true,
    write: false,
    format: "esm",
    logLevel: "silent",
  });
  server.begin(outputFiles[0].text);
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  try {
    const page = await browser.newPage();
    await page.goto(server.base);
    await page.waitForFunction("globalThis.outcome");
    assert.deepEqual(await page.evaluate("outcome"), EXPECTED);
    assert.equal(server.refused(), 0);
  } finally {
    await browser.close();
  }
});

test("a linked library that re-exports the package shares a session with the application's copy", async () => {
  const library = join(project.folder, "elsewhere/library");
  await mkdir(join(library, "node_modules"), { recursive: true });
  await cp(UNPACKED, join(library, "node_modules/oauth-refresher"), { recursive: true });
  await writeFile(
    join(library, "package.json"),
    JSON.stringify({ name: "library", version: "1.0.0", type: "module", exports: "./index.js" }),
  );
  await writeFile(
    join(library, "index.js"),
    'export * from "oauth-refresher";\nexport * from "oauth-refresher/storage/node";\n',
  );
  // as npm link does
  await symlink(library, join(project.folder, "node_modules/library"));
  server.begin();
  const { stdout, stderr } = await project.node(
    "linked.js",
    `import * as root from "oauth-refresher";
    import * as stores from "oauth-refresher/storage/node";
    import * as other from "library";
    const one = { ...root, ...stores };
    ${USED('fileStorage("session.json")')}
    console.log(JSON.stringify(await used(process.argv[2])));`,
    [server.base],
  );
  assert.deepEqual(JSON.parse(stdout || assert.fail(stderr)), EXPECTED);
  assert.equal(server.refused(), 0);
});

/** Grants a1, a2, … and takes each refresh token once. */
async function startServer() {
  let count, refused, script;
  const http = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const type = request.url === "/main.js" ? "text/javascript" : "text/html";
    if (request.url !== "/token")
      return response
        .writeHead(200, { "Content-Type": type })
        .end(request.url === "/main.js" ? script : '<script type="module" src="/main.js"></script>');
    const isNext = new URLSearchParams(body).get("refresh_token") === `r${count}`;
    if (isNext) count += 1;
    else refused += 1;
    const reply = isNext
      ? { access_token: `a${count}`, refresh_token: `r${count}`, token_type: "Bearer", expires_in: 3600 }
      : { error: "invalid_grant" };
    response.writeHead(isNext ? 200 : 400, { "Content-Type": "application/json" }).end(JSON.stringify(reply));
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    base: `http://127.0.0.1:${http.address().port}`,
    begin: (text) => ([count, refused, script] = [0, 0, text]),
    refused: () => refused,
    close: () => new Promise((resolve) => (http.close(resolve), http.closeAllConnections())),
  };
}
