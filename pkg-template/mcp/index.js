// @ts-check
// Everywhere but in browsers and on Workers.
import { createRefresher } from "../entry/inline.js";
import { sessionMaker } from "./session.js";

export const mcpSession = sessionMaker(createRefresher);
