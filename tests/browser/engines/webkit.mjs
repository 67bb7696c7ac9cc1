// Drives WebKitGTK's MiniBrowser by WebDriver, on a virtual display.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { installed } from "./debian.mjs";

const PACKAGES = ["webkit2gtk-driver", "xvfb"];

export const webkit = {
  name: "webkit",

  /** Only the tabs themselves report console output: under automation MiniBrowser does not print it. */
  async launch({ say }) {
    const driver = installed({ program: "WebKitWebDriver", packages: PACKAGES, say });
    const xvfb = installed({ program: "Xvfb", packages: PACKAGES, say });
    const display = await startDisplay(xvfb);
    const port = await freePort();
    const env = { ...process.env, DISPLAY: display.name, GDK_BACKEND: "x11", NO_AT_BRIDGE: "1" };
    const server = spawn(driver, [`--port=${port}`], { env, stdio: "ignore" });
    const stop = () => Promise.all([ended(server), ended(display.process)]);
    try {
      const session = await startSession(`http://127.0.0.1:${port}`);
      return {
        version: session.version,
        open: (url) => session.open(url),
        close: () => session.close().finally(stop),
      };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};

/** One command at a time: a command goes to the current window. */
async function startSession(base) {
  const send = async (method, path, body) => {
    const reply = await fetch(base + path, { method, body: body && JSON.stringify(body) });
    const { value } = await reply.json();
    if (!reply.ok)
      throw new Error(`WebDriver ${method} ${path.split("/").at(-1)}: ${value?.error}: ${value?.message}`);
    return value;
  };
  await untilReady(send);
  const browserOptions = { binary: miniBrowser(), args: ["--automation"] };
  const { sessionId, capabilities } = await send("POST", "/session", {
    capabilities: { alwaysMatch: { pageLoadStrategy: "none", "webkitgtk:browserOptions": browserOptions } },
  });
  const at = `/session/${sessionId}`;
  let last = Promise.resolve();
  const inTurn = (work) => (last = last.catch(() => {}).then(work));
  const inWindow = (handle, method, path, body) =>
    inTurn(async () => {
      await send("POST", `${at}/window`, { handle });
      return send(method, at + path, body);
    });
  const first = await send("GET", `${at}/window`);
  let opened = 0;

  return {
    version: `${capabilities.browserName} ${capabilities.browserVersion}`,
    async open(url) {
      // Of two tabs in one window one is hidden.
      const type = opened++ % 3 === 0 ? "tab" : "window";
      const { handle } = await inWindow(first, "POST", "/window/new", { type });
      await inWindow(handle, "POST", "/url", { url });
      return {
        reload: () => inWindow(handle, "POST", "/refresh", {}),
        close: () => inWindow(handle, "DELETE", "/window"),
      };
    },
    close: () => inTurn(() => send("DELETE", at)),
  };
}

async function untilReady(send) {
  for (let tries = 0; tries < 100; tries++) {
    const status = await send("GET", "/status").catch(() => null);
    if (status?.ready) return;
    await delay(50);
  }
  throw new Error("WebKitWebDriver does not answer");
}

async function startDisplay(xvfb) {
  const process = spawn(xvfb, ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const [text] = await once(process.stdio[3], "data");
  return { process, name: `:${String(text).trim()}` };
}

function miniBrowser() {
  const root = "/usr/lib";
  for (const folder of readdirSync(root))
    for (const version of ["webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"]) {
      const path = join(root, folder, version, "MiniBrowser");
      if (existsSync(path)) return path;
    }
  throw new Error("MiniBrowser is not installed; on Debian it is in webkit2gtk-driver");
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await Promise.race([once(child, "exit"), delay(3000).then(() => child.kill("SIGKILL"))]);
}
