import type { TraceStep } from "../index.js";

/**
 * For the option `trace`: prints each step with `console.debug`, with the seconds since the first one.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { traceToConsole } from "oauth-refresher/trace";
 *
 * createRefresher({ token_endpoint: "https://auth.example/token", client_id: "my-app", trace: traceToConsole() });
 * // oauth-refresher +0.000 s  demanded 1 → load 1 [look]
 * ```
 */
export function traceToConsole(options?: {
  /** Default: the global one. */
  console?: Pick<Console, "debug">;
  /** Begins each line. Default `oauth-refresher`. */
  label?: string;
}): (step: TraceStep) => void;

/**
 * For the option `trace`: keeps the last steps, for a bug report. `JSON.stringify` and `String` of it are safe to attach.
 *
 * @param size How many steps are kept. Default 100.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { traceBuffer } from "oauth-refresher/trace";
 *
 * const trace = traceBuffer();
 * const refresher = createRefresher({ token_endpoint: "https://auth.example/token", client_id: "my-app", trace });
 * refresher.addEventListener("session-ended", () => console.warn(String(trace)));
 * ```
 */
export function traceBuffer(size?: number): TraceBuffer;

/** The last steps. */
export interface TraceBuffer {
  (step: TraceStep): void;
  /** Oldest first. */
  steps(): TraceStep[];
  /** Forgets all steps. */
  clear(): void;
  /** The steps as plain objects, oldest first. */
  toJSON(): object[];
  /** One line a step. */
  toString(): string;
}
