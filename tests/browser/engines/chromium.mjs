// Drives Chromium by the DevTools protocol: only Chromium can freeze tabs and crash renderers.
// Not by Playwright, which makes every tab visible: a visible tab cannot be frozen.

import puppeteer from "puppeteer-core";

const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export const chromium = {
  name: "chromium",

  /** `heard(level, text)` gets the console output. */
  async launch({ heard }) {
    const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
    const browser = await puppeteer.launch({ executablePath, headless: true, args: FLAGS.split(" ") });
    return {
      version: await browser.version(),
      open: (url, crashed) => open(browser, url, { heard, crashed }),
      close: () => browser.close(),
    };
  },
};

async function open(browser, url, { heard, crashed }) {
  const page = await browser.newPage();
  const devtools = await page.createCDPSession();
  page.on("console", (message) => heard(message.type(), message.text()));
  page.on("pageerror", (error) => heard("error", String(error)));
  page.on("error", crashed); // tabs may share a renderer
  const lifecycle = (state) => devtools.send("Page.setWebLifecycleState", { state });
  await page.goto(url, { waitUntil: "domcontentloaded" });
  return {
    reload: () => page.reload({ waitUntil: "domcontentloaded" }),
    close: () => page.close(),
    async crash() {
      const isGone = new Promise((resolve) => page.once("error", resolve));
      devtools.send("Page.crash").catch(() => {}); // the crashed renderer does not answer
      await isGone;
      await page.close();
    },
    freeze: () => lifecycle("frozen"),
    thaw: () => lifecycle("active"),
    show: () => page.bringToFront(),
  };
}
