// A Worker with a transport. Not a test by itself.

import { createRefresher } from "oauth-refresher";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

export default {
  async fetch() {
    const server = fakeAuthorizationServer();
    const seen = [];
    const refresher = createRefresher({
      ...server.options,
      tokens: server.login(),
      async transport(request, fetch) {
        seen.push(request.method, (await request.clone().text()).includes("grant_type=refresh_token"));
        return fetch(request);
      },
    });
    const outcome = await refresher.refresh().then(
      () => "refreshed",
      ({ code, error_description }) => `${code}: ${error_description}`,
    );
    return Response.json({ outcome, seen });
  },
};
