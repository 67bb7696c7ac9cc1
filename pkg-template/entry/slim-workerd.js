// @ts-check
// slim.js on Cloudflare Workers. A separate file, because other bundlers cannot resolve `cloudflare:workers`.
import { slimRefresherMaker } from "../lib/slim.js";
import { platform } from "../lib/workers.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = slimRefresherMaker(platform);
