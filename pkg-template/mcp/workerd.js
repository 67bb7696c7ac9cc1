// @ts-check
// Cloudflare Workers.
import { createRefresher } from "../entry/workerd.js";
import { sessionMaker } from "./session.js";

export const mcpSession = sessionMaker(createRefresher);
