// The claims in workerd: each is run by a request of its own, as a Worker's code is.

import { env } from "cloudflare:workers";
import { createRefresher } from "oauth-refresher";
import { runClaims } from "./claims.mjs";

export default {
  async fetch(request) {
    const name = new URL(request.url).pathname.slice(1);
    const results = await runClaims({ createRefresher, ...env.SETTING }, (each) => each === name);
    return Response.json(results);
  },
};
