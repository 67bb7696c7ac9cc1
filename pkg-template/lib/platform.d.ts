import type { RefresherOptions, TokenStorage } from "../index.js";
import type { checkOptions } from "./options.js";
import type { Driver } from "./driver.js";
import type { context } from "./ports/context.js";
import type { timer } from "./ports/timer.js";

/** Wraps `fetch` for requests to APIs. */
export type Sender = (fetch: typeof globalThis.fetch) => typeof globalThis.fetch;

/** The specifics of an entry's platform. */
export interface Platform {
  /** Sends requests to APIs, where plain `fetch` is not sufficient. */
  sender: Sender;
  /** The async context of a refresher. */
  context?: typeof context;
  waitUntil?: (work: Promise<unknown>) => void;
  /** Called with the options of every refresher. */
  given: (options: RefresherOptions) => void;
  /** Set where contexts share no realm: the error text for a storage with which a refresh token must not be sent. */
  unsafe: string;
  /** Where the core is a separate chunk: a driver that serves a stored token before the core is loaded. */
  Driver?: typeof Driver;
  /** Instead of a plain timer, which does not wake an evicted Durable Object. */
  timer?: typeof timer;
}

/** Checked options, with the platform's additions. */
export type Options = ReturnType<typeof checkOptions> & { storage: TokenStorage } & Partial<Platform>;
