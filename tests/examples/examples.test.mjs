// The applications of examples/ as they stand there, with the packed package: each runs to what it promises.
import "../leaks/listener.mjs";
import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { installed } from "../browser/engines/debian.mjs";
import { heard } from "../leaks/search.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
// Below tests/recipes, where their dependencies are and the packed package is found.
const COPY = fileURLToPath(new URL("../recipes/.examples", import.meta.url));

before(async () => {
  await rm(COPY, { recursive: true, force: true });
  await mkdir(COPY, { recursive: true });
  const isOwn = (path) => !path.includes("node_modules", ROOT.length);
  for (const name of ["examples/shared", "examples/node", "examples/react", "examples/worker", "www/worker"])
    await cp(join(ROOT, name), join(COPY, name), { recursive: true, filter: isOwn });
});
after(() => rm(COPY, { recursive: true, force: true }));

test(
  "examples/node: two processes share a session in Redis, and no refresh token is sent twice",
  { timeout: 90_000 },
  async () => {
    installed({ program: "redis-server", packages: ["redis-server"], say: console.log });
    const example = started("node");
    const [code] = await once(example.process, "close");
    assert.equal(code, 0, example.output());
    assert.equal([...example.output().matchAll(/24 of 24 calls answered/g)].length, 2, example.output());
    assert.match(example.output(), /refreshed here/);
    assert.match(example.output(), /found in Redis/);
    assert.match(example.output(), /token requests by two processes, 0 refused/);
  },
);

test(
  "examples/react: a person signs in, calls the API, reloads, and signs out",
  { timeout: 120_000 },
  async () => {
    const example = started("react", { PORT: "0" });
    const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
    const browser = await chromium.launch({
      executablePath,
      headless: true,
      args: ["--no-sandbox", "--disable-gpu"],
    });
    try {
      const [, url] = await example.says(/The application: (\S+)/);
      const page = hearPage(await browser.newPage());
      page.setDefaultTimeout(30_000);
      const faults = [];
      page.on("pageerror", (error) => faults.push(String(error)));
      page.on(
        "console",
        (message) => message.type() === "error" && faults.push(`${message.text()} ${message.location().url}`),
      );
      await page.goto(url);
      const signIn = page.getByRole("button", { name: "Sign in" });
      await signIn.waitFor().catch(() => assert.fail(`no page: ${faults.join("; ")} ${example.output()}`));
      await signIn.click();
      await page.locator("#agree").click();
      await page.getByRole("heading", { name: "Your notes" }).waitFor();
      assert.equal(new URL(page.url()).search, "", "the code has left the address bar");
      await page.getByRole("button", { name: "Call the API" }).click();
      await page.getByText("The API answered 200").waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "Your notes" }).waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      assert.deepEqual(faults, []);
    } finally {
      await browser.close();
      example.process.kill("SIGTERM");
      await once(example.process, "close");
    }
  },
);

test(
  "examples/worker: a person signs in, calls the API, and signs out, without a token in the browser",
  { timeout: 120_000 },
  async () => {
    const example = started("worker", { PORT: "0" });
    try {
      const [, origin] = await example.says(/The Worker: (\S+)\/login /);
      const cookies = new Map();
      const visit = async (url, init) => {
        const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
        const reply = await fetch(url, { redirect: "manual", headers: { cookie, origin }, ...init });
        for (const line of reply.headers.getSetCookie()) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
          cookies.set(name, value);
        }
        return reply;
      };
      const toLogin = await visit(`${origin}/login`);
      const page = await (await fetch(toLogin.headers.get("location"))).text();
      const [, agree] = /href="(\/agree[^"]*)"/.exec(page);
      const agreed = new URL(agree.replaceAll("&amp;", "&"), toLogin.headers.get("location"));
      const back = await fetch(agreed, { redirect: "manual" });
      assert.equal((await visit(back.headers.get("location"))).status, 303, example.output());
      assert.match(await (await visit(`${origin}/`)).text(), /signed in/);
      assert.deepEqual(await (await visit(`${origin}/api/notes`)).json(), { ok: true });
      assert.equal((await visit(`${origin}/logout`, { method: "POST" })).status, 303);
      assert.equal((await visit(`${origin}/api/notes`)).status, 401);
    } finally {
      example.process.kill("SIGTERM");
      await once(example.process, "close");
    }
  },
);

function started(name, environment = {}) {
  const env = { ...process.env, REDIS_URL: "", ...environment, NODE_TEST_CONTEXT: undefined };
  const child = spawn(process.execPath, ["main.mjs"], {
    cwd: join(COPY, "examples", name),
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      heard(`the output of examples/${name}`, text);
      output += text;
    });
  return {
    process: child,
    output: () => output,
    async says(words) {
      for (let waitedMs = 0; waitedMs < 60_000 && child.exitCode === null; waitedMs += 50) {
        const match = words.exec(output);
        if (match) return match;
        await new Promise((later) => setTimeout(later, 50));
      }
      assert.fail(`it never said ${words}: ${output}`);
    },
  };
}
