// Runs the claims in a page and posts the results to its server.

import { createRefresher } from "oauth-refresher";
import { runClaims } from "./claims.mjs";

const setting = await (await fetch("/setting")).json();
const results = await runClaims({ createRefresher, ...setting });
await fetch("/results", { method: "POST", body: JSON.stringify(results) });
