// @ts-check
// Cloudflare Workers.
import { refresherMaker } from "../lib/refresher.js";
import { engine } from "../lib/workers-engine.js";
import { platform } from "../lib/workers.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = refresherMaker(engine, platform);
