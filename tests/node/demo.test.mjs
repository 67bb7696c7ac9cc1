// www/demo.mjs as cargo xtask demo starts it, with no terminal: it serves the page, or says why not.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { heard } from "../leaks/search.mjs";

const DEMO = fileURLToPath(new URL("../../www/demo.mjs", import.meta.url));

test("without a terminal the page is served until the process is ended", { timeout: 90_000 }, async () => {
  const demo = started(["--page-only"], { CI: "" });
  const [, url] = await demo.says(/The page: (\S+)/);
  const reply = await fetch(url);
  assert.equal(reply.status, 200);
  assert.match(await reply.text(), /id="tour"/);
  demo.process.kill("SIGTERM");
  assert.deepEqual(await once(demo.process, "exit"), [0, null]);
});

test(
  "with CI set the refreshes run, and the page is not served, with the reason",
  { timeout: 90_000 },
  async () => {
    const demo = started([], { CI: "true" });
    const [code] = await once(demo.process, "exit");
    assert.equal(code, 0, demo.output());
    assert.match(demo.output(), /All is well[^]*The page is not served: CI is set .*--serve/);
  },
);

test("a port that is taken is named with what to do", { timeout: 90_000 }, async () => {
  const first = started(["--page-only"], { CI: "" });
  const [, url] = await first.says(/The page: (\S+)/);
  const second = started(["--page-only", "--port", new URL(url).port], { CI: "" });
  const [code] = await once(second.process, "exit");
  assert.equal(code, 1);
  assert.match(second.output(), /port \d+ is in use: give another --port/);
  first.process.kill("SIGTERM");
  await once(first.process, "exit");
});

function started(flags, environment) {
  const env = { ...process.env, ...environment, NODE_TEST_CONTEXT: undefined, NO_COLOR: "1" };
  const child = spawn(process.execPath, [DEMO, ...flags], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      heard("the output of the demo", text);
      output += text;
    });
  return {
    process: child,
    output: () => output,
    async says(words) {
      for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
        const match = words.exec(output);
        if (match) return match;
        if (child.exitCode !== null) break;
        await new Promise((later) => setTimeout(later, 50));
      }
      assert.fail(`it never said ${words}: ${output}`);
    },
  };
}
