// The twenty lines that applications write for themselves, as www/tour/usual.js has them.

import { usualSession } from "../../../../www/tour/usual.js";
import { jwt, TOKEN_ENDPOINT } from "../stage.mjs";
import { now } from "./clock.mjs";

const KEY = "tokens";
const API = "https://api.example/token-check";

export const usualLines = {
  name: "the usual twenty lines",
  kind: "session",
  runs: ["Chromium"],
  can: ["storage", "fetch", "shared", "issuer", "browser", "login", "signout"],
  // they read `exp` in the access token, and nothing of what the reply says of its lifetime
  never: [
    "expires-in-text",
    "expires-in-fraction",
    "expires-in-absent",
    "expires-in-null",
    "expires-in-60-days",
    "expires-in-1e20",
    "expires-in-20",
    "expires-in-0",
    "expires-in-negative",
    "clock-behind",
    "clock-was-ahead",
    "clock-jumps",
    "control-characters",
    "api-401-body", // they send no body
  ],
  async open(stage, { issuer, secondsLeft = -10 } = {}) {
    const store = (tokens) => stage.stored.set(KEY, JSON.stringify(tokens));
    const stored = () => JSON.parse(stage.stored.get(KEY) ?? "null");
    const withLeft = (seconds) => jwt({ sub: "user", exp: now() + seconds });
    if (!stage.stored.has(KEY)) {
      stage.current.access_token = withLeft(secondsLeft);
      store(stage.current);
    }
    const settings = { token_endpoint: issuer ? `${issuer}/token` : TOKEN_ENDPOINT, client_id: "app" };
    const fetch = usualSession({ ...settings, storage: stage.storage, toLogin() {} });
    /** They hand out no token: it is seen at an API. */
    const get = async () => {
      const { api } = stage;
      const calls = stage.calls.length;
      stage.api ??= () => stage.reply(200, {});
      await fetch(API);
      stage.api = api;
      return stage.calls[calls].authorization.slice("Bearer ".length);
    };
    return {
      get,
      fetch,
      refresh() {
        store({ ...stored(), access_token: withLeft(-10) });
        return get();
      },
      login: async (tokens) => store(tokens),
      // as tutorials do it
      signOut: async () => stage.stored.delete(KEY),
      stored,
    };
  },
};
