// The console of a page is a log like any other. Not a test by itself.
import { heard } from "./search.mjs";

/** Hears what a page of Playwright says in its console, and what it did not catch. */
export function hearPage(page) {
  page.on("console", (message) => heard("a page's console", message.text()));
  page.on("pageerror", (error) => heard("a page's uncaught error", `${error}\n${error?.stack}`));
  return page;
}
