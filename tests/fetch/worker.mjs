// The claims in workerd. Each runs in its own request.

import { env } from "cloudflare:workers";
import { createRefresher } from "oauth-refresher";
import { runClaims } from "./claims.mjs";

export default {
  async fetch(request) {
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
    const results = await runClaims({ createRefresher, ...env.SETTING }, (each) => each === name);
    return Response.json(results);
  },
};
