// @ts-check
import { asGiven } from "../lib/given.js";
import { callable, checkKnown, flag, text } from "../lib/known.js";
import { tokenBook } from "./book.js";

/** @import { fakeAuthorizationServer as declared, Fault, FaultLike, FakeRequest } from "./index.js" */

const WHO = "fakeAuthorizationServer";

/** @type {Fault[]} */
const FAULTS = [
  "unsent",
  "lost-request",
  "lost-reply",
  "truncated",
  "500-before",
  "500-after",
  "429",
  "503",
  "html",
  "empty",
  "huge",
  "redirect",
  "invalid_client",
  "invalid_grant",
  "nonce",
  "hang",
  "slow",
];

/** @param {any} reuse */
const reuses = (reuse) =>
  !["never", "always", "until-successor-used"].includes(reuse) &&
  !(Number.isFinite(reuse?.graceSeconds) && reuse.graceSeconds >= 0) &&
  "never, always, until-successor-used or { graceSeconds: number }";

/** @param {unknown} seconds */
const lifetime = (seconds) => seconds !== null && !(Number(seconds) >= 0) && "a number of seconds, or null";

const KNOWN = {
  reuse: reuses,
  revokeFamily: flag,
  rotate: flag,
  accessTokenSeconds: lifetime,
  token_endpoint: text,
  revocation_endpoint: text,
  client_id: text,
  client_secret: text,
  extras: (/** @type {unknown} */ value) => (typeof value != "object" || !value) && "an object",
  now: callable,
};

/** @type {typeof declared} */
export function fakeAuthorizationServer(options = {}) {
  checkKnown(WHO, options, KNOWN);
  const {
    reuse = "never",
    revokeFamily = true,
    rotate = reuse !== "always",
    accessTokenSeconds = 3600,
    token_endpoint = "https://auth.test/token",
    revocation_endpoint = "https://auth.test/revoke",
    client_id = "test-client",
    client_secret,
    extras = {},
    now = () => Date.now(),
  } = options;
  const book = tokenBook({ reuse, revokeFamily, rotate, now });
  /** @type {(FaultLike | null)[]} */
  let faults = [];
  /** @type {FaultLike | null} */
  let standing = null;
  /** @type {FakeRequest[]} */
  const requests = [];
  /** @type {string[]} */
  const revoked = [];

  const expiry = accessTokenSeconds === null ? {} : { expires_in: accessTokenSeconds };
  /** @param {object} tokens @returns {any} */
  const reply = (tokens) => ({ token_type: "Bearer", ...expiry, ...extras, ...tokens });

  /** @type {typeof globalThis.fetch} */
  async function fetch(input, init) {
    const request = new Request(input, init);
    const at = request.url.split("?")[0];
    if (at === token_endpoint) return answer(request);
    if (at === revocation_endpoint) return revoke(request);
    const [, token = ""] = (request.headers.get("authorization") ?? "").split(" ");
    if (book.accepts(token)) return Response.json({ ok: true });
    return json(401, { error: "invalid_token" }, { "www-authenticate": 'Bearer error="invalid_token"' });
  }

  /** @param {Request} request */
  async function answer(request) {
    const next = faults.shift();
    const planned = next === undefined ? standing : next;
    const { fault, seconds } =
      typeof planned === "string" ? { fault: planned, seconds: undefined } : (planned ?? {});
    if (fault === "unsent") throw networkError("ECONNREFUSED");
    const parameters = Object.fromEntries(new URLSearchParams(await request.text()));
    /** @type {FakeRequest} */
    const entry = {
      at: now(),
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      parameters,
      refreshTokenNumber: book.numberOf(parameters.refresh_token ?? ""),
      status: 0,
      ...(fault && { fault }),
    };
    requests.push(entry);
    if (fault === "lost-request") throw networkError();
    if (fault === "hang") return hang(request.signal);
    const response = refused(fault, seconds) ?? (await granted(request, parameters));
    if (fault === "slow") await new Promise((resolve) => setTimeout(resolve, (seconds ?? 0.1) * 1000));
    if (fault === "lost-reply") throw networkError();
    const sent = fault === "500-after" ? json(500, { error: "server_error" }) : response;
    entry.status = sent.status;
    const said =
      sent.status < 400
        ? {}
        : await sent
            .clone()
            .json()
            .catch(() => ({}));
    if (said.error) entry.error = said.error;
    return fault === "truncated" ? truncated(sent) : sent;
  }

  /** @param {Request} request @param {Record<string, string>} parameters */
  async function granted(request, parameters) {
    if (request.method !== "POST" || parameters.grant_type !== "refresh_token")
      return json(400, { error: "unsupported_grant_type" });
    if (!isClient(request, parameters)) return json(401, { error: "invalid_client" });
    if (!parameters.refresh_token) return json(400, { error: "invalid_request" });
    const tokens = book.use(parameters.refresh_token);
    return tokens
      ? json(200, reply(tokens))
      : json(400, { error: "invalid_grant", error_description: "Refresh token refused." });
  }

  /** @param {Request} request @param {Record<string, string>} parameters */
  function isClient(request, parameters) {
    const [scheme, credentials = ""] = (request.headers.get("authorization") ?? "").split(" ");
    const form = (/** @type {string} */ text) => new URLSearchParams({ text }).toString().slice(5);
    if (scheme === "Basic") return atob(credentials) === `${form(client_id)}:${form(client_secret ?? "")}`;
    return parameters.client_id === client_id && parameters.client_secret === client_secret;
  }

  /** @param {Request} request */
  async function revoke(request) {
    const { token = "" } = Object.fromEntries(new URLSearchParams(await request.text()));
    revoked.push(token);
    book.revoke(token);
    return new Response(null, { status: 200 });
  }

  return {
    fetch,
    options: {
      token_endpoint,
      revocation_endpoint,
      client_id,
      ...(client_secret && { client_secret }),
      reuse,
      fetch,
    },
    token_endpoint,
    revocation_endpoint,
    client_id,
    login: () => reply(book.login()),
    next: (...planned) => void (faults = planned.map(checkedFault)),
    always: (fault) => void (standing = checkedFault(fault)),
    revokeAll: book.revokeAll,
    rejectAccessTokens: book.rejectAccessTokens,
    requests,
    revoked,
    get revokedSessions() {
      return book.revokedSessions;
    },
  };
}

/** A misspelt fault would let the request succeed. @template {FaultLike | null | undefined} F @param {F} planned @returns {F} */
function checkedFault(planned) {
  if (planned === undefined || planned === null) return planned;
  /** @type {any} */
  const { fault, seconds, ...others } = typeof planned == "object" ? planned : { fault: planned };
  if (!FAULTS.includes(fault))
    throw new TypeError(
      `${WHO}: ${JSON.stringify(fault ?? planned)} is no fault; write one of ${FAULTS.join(", ")}`,
    );
  if (seconds !== undefined && !(Number.isFinite(seconds) && seconds >= 0))
    throw new TypeError(`${WHO}: seconds must be a finite number from 0 ${asGiven(seconds)}`);
  for (const name in others)
    throw new TypeError(`${WHO}: ${name} is not known beside a fault; write fault or seconds`);
  return planned;
}

/** What a fault answers instead of carrying the request out. @param {Fault | undefined} fault @param {number} [seconds] */
function refused(fault, seconds = 1) {
  const later = { "retry-after": String(seconds) };
  switch (fault) {
    case "500-before":
      return json(500, { error: "server_error" });
    case "429":
      return json(429, { error: "slow_down" }, later);
    case "503":
      return json(503, { error: "temporarily_unavailable" }, later);
    case "html":
      return new Response("<!doctype html><title>Sign in to the Wi-Fi</title>", {
        headers: { "content-type": "text/html" },
      });
    case "empty":
      return new Response("");
    case "huge":
      return new Response("x".repeat(5 << 20));
    case "redirect":
      return new Response(null, { status: 307, headers: { location: "https://elsewhere.test/token" } });
    case "invalid_client":
      return json(401, { error: fault });
    case "invalid_grant":
      return json(400, { error: fault });
    case "nonce":
      return json(400, { error: "use_dpop_nonce" }, { "dpop-nonce": crypto.randomUUID() });
    default:
      return undefined;
  }
}

/** @param {number} status @param {object} body @param {Record<string, string>} [headers] */
const json = (status, body, headers = {}) =>
  Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });

/** A failure of fetch: without a cause it is unknown how far the request got. @param {string} [code] */
const networkError = (code) => Object.assign(new TypeError("fetch failed"), code && { cause: { code } });

/** @param {AbortSignal} signal @returns {Promise<never>} */
const hang = (signal) =>
  new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

/** Half of the body, then the connection breaks. @param {Response} whole */
function truncated(whole) {
  const body = new ReadableStream({
    async start(controller) {
      const bytes = new Uint8Array(await whole.arrayBuffer());
      controller.enqueue(bytes.slice(0, bytes.length / 2));
      controller.error(new TypeError("terminated"));
    },
  });
  return new Response(body, { status: whole.status, headers: whole.headers });
}
