// examples/apps/main.mjs, as `cargo xtask example rust` starts it: the page and the Worker in Rust against servers on loopback.

import "../leaks/listener.mjs";
import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { heard } from "../leaks/search.mjs";

const MAIN = fileURLToPath(new URL("../../examples/apps/main.mjs", import.meta.url));
let child, page, worker;
let output = "";

before(async () => {
  const env = { ...process.env, PORT: "0", NODE_TEST_CONTEXT: undefined };
  child = spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      heard("the output of examples/apps", text);
      output += text;
    });
  const ended = once(child, "close").then(() => assert.fail(output));
  const said = async () => {
    while (!/Ctrl-C/.test(output)) await once(child.stdout, "data");
  };
  await Promise.race([said(), ended]);
  [, page] = /The page in Rust: (\S+)/.exec(output);
  [, worker] = /curl (\S+) {3}an access token/.exec(output);
  ended.catch(() => {});
});
after(async () => {
  if (child?.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "close");
});

test(
  "the page in Rust takes a login, calls the API, refreshes and signs out",
  { timeout: 60_000 },
  async () => {
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      headless: true,
      args: ["--no-sandbox", "--disable-gpu"],
    });
    try {
      const tab = hearPage(await browser.newPage());
      tab.setDefaultTimeout(20_000);
      const faults = [];
      tab.on("pageerror", (error) => faults.push(String(error)));
      await tab.goto(page);
      await tab.waitForFunction(() => document.querySelector("#login")?.value);
      for (const [button, answer] of [
        ["#log-in", "logged in"],
        ["#call", "the API says 200"],
        ["#refresh", "refreshed"],
        ["#sign-out", "signed out"],
      ]) {
        await tab.click(button);
        await tab.locator("#answer").filter({ hasText: answer }).waitFor();
      }
      assert.deepEqual(faults, []);
    } finally {
      await browser.close();
    }
  },
);

test("the Worker in Rust keeps a login and answers with its access token", { timeout: 30_000 }, async () => {
  const login = await (await fetch(`${page}reply`)).text();
  assert.equal((await fetch(worker.replace(/ada$/, "joan"))).status, 401);
  assert.equal((await fetch(worker, { method: "PUT", body: login })).status, 200);
  assert.equal(await (await fetch(worker)).text(), JSON.parse(login).access_token);
});
