// @ts-check
// Cloudflare Workers.
import { createRefresher } from "../entry/workerd.js";
import { platform } from "../lib/workers.js";
import { sessionMaker } from "./session.js";

export const mcpSession = sessionMaker(createRefresher, platform.context);
