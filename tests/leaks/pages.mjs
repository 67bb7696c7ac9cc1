// Captures the console of a page. Not a test by itself.
import { heard } from "./search.mjs";

/** Captures console output and uncaught errors of a Playwright page. */
export function hearPage(page) {
  page.on("console", (message) => heard("a page's console", message.text()));
  page.on("pageerror", (error) => heard("a page's uncaught error", `${error}\n${error?.stack}`));
  return page;
}
