// @ts-check
// js.js on Cloudflare Workers. A separate file, because other bundlers cannot resolve `cloudflare:workers`.
import { engine } from "../lib/js-engine.js";
import { refresherMaker } from "../lib/refresher.js";
import { platform } from "../lib/workers.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = refresherMaker(engine, platform);
