// @ts-check

/** A token response is never longer (B9 of any sane server); more is somebody else's page. */
const LONGEST_BODY = 1 << 20;

/** Failures before the first byte of the request left: resolving, connecting, the TLS handshake. */
const UNSENT =
  /^(ENOTFOUND|EAI_\w+|ECONNREFUSED|E(HOST|NET)(UNREACH|DOWN)|UND_ERR_CONNECT_TIMEOUT|ERR_(TLS|SSL)_\w+|CERT_\w+|\w+_CERT(IFICATE)?(_IN_CHAIN)?|ConnectionRefused|FailedToOpenSocket)$/;

/**
 * @typedef {{ method: string, url: string, headers: Record<string, string>, body?: string }} HttpRequest
 * @typedef {{ status: number, headers: Headers, retry_after?: string | undefined, date?: number | undefined, body?: string | undefined }} HttpReply  No body: it came in part, or is too long.
 * @typedef {"unsent" | "lost" | "timedOut"} NoReply
 */

/**
 * Sends a token request once and says what is known of it: the reply, or how far it got without one.
 * @param {typeof fetch} fetch @param {HttpRequest} request @param {number} timeoutSeconds
 * @returns {Promise<HttpReply | NoReply>}
 */
export async function send(fetch, { url, ...init }, timeoutSeconds) {
  if (globalThis.navigator?.onLine === false && !isLoopback(url)) return "unsent";
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutSeconds * 1000);
  try {
    // A redirect would carry the refresh token to another origin: Node re-posts the body after a 307.
    const response = await fetch(url, { ...init, ...ambient(), redirect: "manual", signal: limit.signal });
    return await read(response, limit.signal);
  } catch (error) {
    return limit.signal.aborted ? "timedOut" : isUnsent(error) ? "unsent" : "lost";
  } finally {
    clearTimeout(timer);
  }
}

/** @param {Response} response @param {AbortSignal} signal @returns {Promise<HttpReply | NoReply>} */
async function read(response, signal) {
  const { status, headers } = response;
  const retry_after = headers.get("retry-after") ?? undefined;
  const reply = { status, headers, retry_after, date: Date.parse(headers.get("date") ?? "") || undefined };
  try {
    return { ...reply, body: await textOf(response) };
  } catch {
    // a success that broke off was carried out, and brought nothing
    if (response.ok) return signal.aborted ? "timedOut" : "lost";
    return reply;
  }
}

/** The body's text, or undefined if it is too long. @param {Response} response */
async function textOf(response) {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0; reader;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > LONGEST_BODY) return void reader.cancel().catch(() => {});
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}

/** No cookies, no cache, no address of the page; Workers know none of these and refuse the names. @returns {RequestInit} */
const ambient = () =>
  globalThis.location ? { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" } : {};

/** @param {any} error */
function isUnsent(error) {
  const cause = error?.cause;
  if (error?.isUnsent) return true;
  const codes = [
    error?.code,
    cause?.code,
    ...(cause?.errors?.map((/** @type {any} */ each) => each?.code) ?? []),
  ];
  // Deno says it in words
  return codes.some((code) => UNSENT.test(code)) || /client error \(Connect\)/.test(error?.message);
}

/** @param {string} url */
const isLoopback = (url) => /^https?:\/\/(localhost|127\.|\[::1])/.test(url);
