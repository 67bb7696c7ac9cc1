import type { RefresherOptions, TokenStorage } from "../index.js";
import type { checkOptions } from "./options.js";
import type { Driver } from "./driver.js";
import type { context } from "./ports/context.js";
import type { timer } from "./ports/timer.js";

/** What sends a request to an API, as `fetch` does. */
export type Sender = (fetch: typeof globalThis.fetch) => typeof globalThis.fetch;

/** What an entry knows of the place it is for. */
export interface Platform {
  /** Sends requests to APIs, where plain `fetch` is not good enough. */
  sender: Sender;
  /** In which async context a refresher works. */
  context?: typeof context;
  waitUntil?: (work: Promise<unknown>) => void;
  /** Is called with the options of every refresher. */
  given: (options: RefresherOptions) => void;
  /** Contexts share no realm here: why a refresh token is not sent where the core does not allow it. */
  unsafe: string;
  /** Where the core is a chunk of its own, one that hands out a stored token before it. */
  Driver?: typeof Driver;
  /** Wakes what a plain timer does not: a Durable Object that was evicted. */
  timer?: typeof timer;
}

/** Checked options, with what the place adds. */
export type Options = ReturnType<typeof checkOptions> & { storage: TokenStorage } & Partial<Platform>;
