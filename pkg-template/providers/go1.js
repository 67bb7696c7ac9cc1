// @ts-check
import { required } from "./required.js";

/** @import { go1 as declared } from "./index.js" */

const DAY_SECONDS = 86_400;
const ENOUGH_BYTES = 8192;

/** @type {typeof declared} */
export function go1(options) {
  const { client_id, client_secret, token_endpoint = "https://auth.go1.com/oauth/token" } = options ?? {};
  required("go1", { client_id, client_secret, token_endpoint });
  return {
    token_endpoint,
    client_id,
    client_secret,
    clientAuth: "client_secret_post", // "--data-urlencode 'client_id=…' --data-urlencode 'client_secret=…'"
    reuse: "never", // "Refresh tokens are one-time use only"
    keepAliveSeconds: 30 * DAY_SECONDS, // "have any expiry of 90 days": three attempts before an idle one expires
    origins: ["https://api.go1.com"],
    isTokenRejected,
  };
}

/**
 * "If the access token expires or is removed, an 'Invalid token' error will be presented": the page gives neither status nor format.
 * So a 401 refuses the token (RFC 9110 section 15.5.2); a 400 or 403, which have other meanings too, only with those words. The body of a
 * success or a 404 is not read: a course may be called "Invalid token".
 * @param {Response} response
 */
async function isTokenRejected(response) {
  if (response.status == 401) return true;
  if (response.status != 400 && response.status != 403) return false;
  return /\binvalid[ _-]?token\b/i.test(
    `${response.headers.get("www-authenticate")} ${await beginning(response)}`,
  );
}

/** The first bytes of the body, read from a clone, so that the caller can still read all of it. @param {Response} response */
async function beginning(response) {
  if (response.bodyUsed) return "";
  const clone = response.clone();
  const decoder = new TextDecoder();
  let text = "";
  try {
    // React Native's Response has no stream.
    if (!clone.body) return await clone.text();
    const reader = clone.body.getReader();
    while (text.length < ENOUGH_BYTES) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += decoder.decode(value, { stream: true });
    }
    // not awaited: it settles only after the caller has read the other branch
    reader.cancel().catch(() => {});
  } catch {} // the caller gets the same error from its own read
  return text;
}
