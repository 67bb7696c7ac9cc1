// @ts-check
// Browsers: the core is a separate chunk.
import { createRefresher } from "../entry/browser.js";
import { sessionMaker } from "./session.js";

export const mcpSession = sessionMaker(createRefresher);
