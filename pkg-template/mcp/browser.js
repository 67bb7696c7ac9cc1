// @ts-check
// Browsers: the core is a chunk of its own.
import { createRefresher } from "../entry/browser.js";
import { sessionMaker } from "./session.js";

export const mcpSession = sessionMaker(createRefresher);
