// @ts-check
export { go1 } from "./go1.js";
export { goTo, goTo as goto } from "./goto.js";
export { vault } from "./vault.js";
