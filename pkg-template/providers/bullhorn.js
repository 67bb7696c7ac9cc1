// @ts-check
import { preset } from "./preset.js";

/** @import { bullhorn as declared } from "./index.js" */

const LOGIN = "https://rest.bullhornstaffing.com/rest-services/login?version=*&access_token=";

/** @type {typeof declared} */
export const bullhorn = (options) => ({
  ...preset("bullhorn", options, "client_id client_secret", {
    token_endpoint: "https://auth.bullhornstaffing.com/oauth/token",
    clientAuth: "client_secret_post",
    request: { body: "query" },
    reuse: "never",
  }),
  transport,
});

/**
 * The access token is only for the login call; the API takes the BhRestToken that it returns. If the login fails, the reply gets an unknown
 * token type, so that its refresh token, now the only valid one, is stored, and callers get no token.
 * @param {Request} request @param {typeof fetch} send
 */
async function transport(request, send = fetch) {
  const reply = await send(request);
  const tokens = await reply
    .clone()
    .json()
    .catch(() => null);
  if (!reply.ok || !tokens?.access_token) return reply;
  const login = await send(LOGIN + encodeURIComponent(tokens.access_token))
    .then((answer) => answer.json())
    .catch(() => null);
  const { BhRestToken, restUrl } = login ?? {};
  return Response.json({
    ...tokens,
    ...(BhRestToken ? { access_token: BhRestToken, restUrl } : { token_type: "none: the login call failed" }),
  });
}
