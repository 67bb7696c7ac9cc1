import type { Refresher, RefresherOptions } from "./index.js";

export * from "./index.js";

/** {@link RefresherOptions}, and the WebAssembly core. */
export interface SlimOptions extends RefresherOptions {
  /**
   * The core, `oauth-refresher/core.wasm`, as a compiled module, bytes, a Response, a URL, or a promise of one of these. Used at the first
   * call that needs it. Deno, Bun and Node from 20.16 also take a `file:` URL: `new URL(import.meta.resolve("oauth-refresher/core.wasm"))`.
   */
  core: Core | Promise<Core>;
}

/** A compiled module, or a URL, a Response or bytes to compile. */
export type Core = WasmModule | URL | Response | ArrayBuffer | ArrayBufferView;

/** `WebAssembly.Module`, if the platform's types have it. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } }
  ? Module
  : object;

/**
 * `createRefresher` of `oauth-refresher` without an inlined core: the core is a separate file.
 *
 * @throws TypeError as `createRefresher` of `oauth-refresher` does, and without `core`.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher/slim";
 *
 * const refresher = createRefresher({
 *   core: new URL("/assets/core.wasm", location.href), // a copy of the package's core.wasm
 *   token_endpoint: "https://auth.example/token",
 *   client_id: "my-app",
 * });
 * console.log(await refresher.getAccessToken());
 * ```
 */
export function createRefresher(options: SlimOptions): Refresher;
