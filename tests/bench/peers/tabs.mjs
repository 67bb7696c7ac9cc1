// Two tabs of one origin, and the authorization server that both ask: a stage in this process.

import { Stage } from "./stage.mjs";

export async function openTabs(browser, { name }, origin) {
  const stage = new Stage();
  const pages = [await opened(browser, stage, origin), await opened(browser, stage, origin)];
  await pages[0].evaluate(() => localStorage.clear());
  for (const page of pages)
    await page.evaluate(([client, current]) => globalThis.openTab(client, current), [name, stage.current]);
  const tabs = pages.map((page) => ({
    get: () => page.evaluate(() => globalThis.askTab()),
    close: () => page.close(),
  }));
  const server = {
    requests: () => stage.requests.length,
    uses: () => stage.uses,
    delay: (ms) => (stage.delayMs = ms),
    hasGrace: (value) => (stage.hasGrace = value),
    asked: () => until(() => stage.requests.length > 0),
  };
  return { tabs, server, close: () => Promise.all(pages.map((page) => page.close())) };
}

async function opened(browser, stage, origin) {
  const page = await browser.newPage();
  await page.exposeFunction("tokenEndpoint", async (body, more) => {
    stage.more = () => JSON.parse(more);
    const response = await stage.fetch("https://as.example/token", { method: "POST", body });
    return { status: response.status, body: await response.json() };
  });
  await page.goto(origin);
  await page.waitForFunction(() => globalThis.openTab, null, { timeout: 60_000 });
  return page;
}

async function until(holds) {
  const end = Date.now() + 10_000;
  while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
}
