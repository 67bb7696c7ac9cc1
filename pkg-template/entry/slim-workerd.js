// @ts-check
// slim.js on Cloudflare Workers. A file of its own, because no other bundler resolves `cloudflare:workers`.
import { slimRefresherMaker } from "../lib/slim.js";
import { platform } from "../lib/workers.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = slimRefresherMaker(platform);
