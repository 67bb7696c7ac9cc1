// @ts-check
// js.js on Cloudflare Workers. A file of its own, because no other bundler resolves `cloudflare:workers`.
import { engine } from "../lib/js-engine.js";
import { refresherMaker } from "../lib/refresher.js";
import { platform } from "../lib/workers.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = refresherMaker(engine, platform);
