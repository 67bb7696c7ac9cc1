// @ts-check
import instantiate from "./core-js.js";
import glue from "./core-js-glue.js";
import { engine as makeEngine } from "./engine.js";
import { wire } from "./wire.js";

/** The core as JavaScript. */
export const engine = /* @__PURE__ */ makeEngine("js", async () => [glue, wire, instantiate]);
