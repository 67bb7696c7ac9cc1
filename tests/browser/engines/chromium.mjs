// Chromium by the DevTools protocol: the only one here whose tabs can be frozen, and whose renderers can be crashed.

import { chromium as browserType } from "playwright-core";

const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export const chromium = {
  name: "chromium",

  /** `heard(level, text)` is told what the consoles say. */
  async launch({ heard }) {
    const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
    const browser = await browserType.launch({ executablePath, headless: true, args: FLAGS.split(" ") });
    const context = await browser.newContext();
    return {
      version: `Chromium ${browser.version()}`,
      open: (url, crashed) => open(context, url, { heard, crashed }),
      close: () => browser.close(),
    };
  },
};

async function open(context, url, { heard, crashed }) {
  const page = await context.newPage();
  page.on("console", (message) => heard(message.type(), message.text()));
  page.on("pageerror", (error) => heard("error", String(error)));
  page.on("crash", crashed); // tabs may share a renderer
  const devtools = await context.newCDPSession(page);
  const lifecycle = (state) => devtools.send("Page.setWebLifecycleState", { state });
  await page.goto(url, { waitUntil: "commit" });
  return {
    reload: () => page.reload({ waitUntil: "commit" }),
    close: () => page.close(),
    async crash() {
      const isGone = new Promise((resolve) => page.once("crash", resolve));
      devtools.send("Page.crash").catch(() => {}); // nobody is left to answer
      await isGone;
      await page.close();
    },
    freeze: () => lifecycle("frozen"),
    thaw: () => lifecycle("active"),
  };
}
