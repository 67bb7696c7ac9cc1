import type { Refresher, RefresherOptions } from "./index.js";

export * from "./index.js";

/** {@link RefresherOptions}, with the WebAssembly core brought along. */
export interface SlimOptions extends RefresherOptions {
  /**
   * The core, `oauth-refresher/core.wasm`: compiled, as bytes, as a Response, as its URL, or a promise of one of these. Used at the
   * first call that needs it. The URL may be a `file:` URL, `new URL(import.meta.resolve("oauth-refresher/core.wasm"))`, in Deno, Bun
   * and Node since 20.16; before that, read the bytes.
   */
  core: Core | Promise<Core>;
}

/** A compiled module, a URL to fetch it from, a Response or bytes that hold it. */
export type Core = WasmModule | URL | Response | ArrayBuffer | ArrayBufferView;

/** `WebAssembly.Module`, where the platform's types have it. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } }
  ? Module
  : object;

/**
 * The same as `createRefresher` of `oauth-refresher`, without the core inlined: for places where it is a file of its own.
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
