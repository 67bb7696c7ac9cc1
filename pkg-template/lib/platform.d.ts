import type { RefresherOptions } from "../index.js";
import type { Driver } from "./driver.js";
import type { Sender } from "./fetch.js";
import type { timer } from "./ports/timer.js";

/** What an entry knows of the place it is for. */
export interface Platform {
  /** Sends requests to APIs, where plain `fetch` is not good enough. */
  sender: Sender;
  waitUntil?: (work: Promise<unknown>) => void;
  /** Is called with the options of every refresher. */
  given: (options: RefresherOptions) => void;
  /** Contexts share no realm here: why a refresh token is not sent where the core does not allow it. */
  unsafe: string;
  /** For an entry that needs more than the interface: the host of pages. */
  lend?: (refresher: object, driver: Driver) => void;
  /** Wakes what a plain timer does not: a Durable Object that was evicted. */
  timer?: typeof timer;
}
