// Drives Firefox by WebDriver BiDi, which needs no driver program.

import puppeteer from "puppeteer-core";
import { installed } from "./debian.mjs";

export const firefox = {
  name: "firefox",

  async launch({ heard, say }) {
    const executablePath = installed({ program: "firefox-esr", packages: ["firefox-esr"], say });
    // No timer throttling in hidden tabs.
    const extraPrefsFirefox = { "dom.min_background_timeout_value": 50 };
    const browser = await puppeteer.launch({
      browser: "firefox",
      executablePath,
      headless: true,
      extraPrefsFirefox,
    });
    return {
      version: await browser.version(),
      open: (url) => open(browser, url, heard),
      close: () => browser.close(),
    };
  },
};

async function open(browser, url, heard) {
  const page = await browser.newPage();
  page.on("console", (message) => heard(message.type(), message.text()));
  page.on("pageerror", (error) => heard("error", String(error)));
  await page.goto(url, { waitUntil: "domcontentloaded" });
  return {
    reload: () => page.reload({ waitUntil: "domcontentloaded" }),
    close: () => page.close(),
    show: () => page.bringToFront(),
  };
}
