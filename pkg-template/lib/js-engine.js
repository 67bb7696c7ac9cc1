// @ts-check
import { wire } from "./wire.js";
import { engine as makeEngine } from "./engine.js";
import glue from "./core-js-glue.js";
import instantiate from "./core-js.js";

/** The core as JavaScript. */
export const engine = /* @__PURE__ */ makeEngine("js", async () => [glue, wire, instantiate]);
