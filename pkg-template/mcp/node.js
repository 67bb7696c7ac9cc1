// @ts-check
// Node, Deno and Bun.
import { createRefresher } from "../entry/node.js";
import { sessionMaker } from "./session.js";

export const mcpSession = sessionMaker(createRefresher);
