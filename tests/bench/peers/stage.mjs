// A scripted authorization server, an API and a storage, all in memory: what the scenarios play on, in Node and in Chromium alike.

export const SECRET = "the-client-secret-of-the-application";
export const TOKEN_ENDPOINT = "https://as.example/token";
/** A part of every refresh token, by which a leak is found. */
export const REFRESH_TOKEN_MARK = "-7f3a91c0d2e84b65";

// A scenario may replace the clock: the stage keeps the real one.
export const realNow = Date.now.bind(Date);
const realTimeout = globalThis.setTimeout.bind(globalThis);
export const sleep = (ms) => new Promise((resolve) => realTimeout(resolve, ms));

const base64url = (value) =>
  btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** A JWT whose signature is noise. */
export function jwt(claims) {
  const noise = Math.random().toString(36).slice(2);
  return `${base64url({ alg: "RS256", typ: "JWT", kid: "1" })}.${base64url(claims)}.c2ln${noise}`;
}

/**
 * How the token endpoint replies to one request:
 * - `tokens`: members that differ from the usual reply; `undefined` leaves one out
 * - `status`, `body`, `headers`: another reply; a body that is a string is HTML, a function gets the request
 * - `unreachable`: nothing arrives and nothing comes back
 * - `lost`: the tokens rotate and the reply does not arrive
 * - `silent`: no reply, ever; `endless`: a body that never ends; `huge`: 24 MB before the JSON; `form`: no JSON
 * @typedef {{ tokens?: object, status?: number, body?: unknown, headers?: object, unreachable?: true, lost?: true, silent?: true,
 *   endless?: true, huge?: true, form?: true }} Reply
 */
export class Stage {
  /** Token requests, in order. */
  requests = [];
  /** Requests to every other origin. */
  calls = [];
  /** @type {Reply[]} The next replies. */
  replies = [];
  /** @type {Reply} After those. */
  otherwise = { tokens: {} };
  /** A used refresh token is refused. */
  isStrict = true;
  /** The one before the current is answered with the current tokens once more. */
  hasGrace = false;
  delayMs = 5;
  rotations = 0;
  megabytesRead = 0;
  /** Faults of the storage: how many reads and writes fail. */
  failing = { reads: 0, writes: 0 };
  /** Members that every reply of this server has. */
  more = () => ({});
  /** What lies under a URL besides the API, as JSON: metadata that a client looks for. */
  documents = {};
  /** @type {undefined | ((call: any) => Response | Promise<Response>)} */
  api = undefined;

  constructor() {
    this.current = issued(0);
    this.stored = new Map();
    this.storage = storageOn(this);
    this.fetch = this.fetch.bind(this);
  }

  get sent() {
    return this.requests.map(({ refreshToken }) => refreshToken);
  }

  /** How often the most used refresh token was sent. */
  get uses() {
    const counts = {};
    for (const token of this.sent) counts[token] = (counts[token] ?? 0) + 1;
    return Math.max(0, ...Object.values(counts));
  }

  reply(status, body, headers = {}) {
    const isText = typeof body === "string";
    const type = isText ? "text/html" : "application/json";
    return new Response(isText ? body : JSON.stringify(body), {
      status,
      headers: { "Content-Type": type, ...headers },
    });
  }

  async fetch(input, init = {}) {
    const request = await readRequest(input, init);
    if (request.signal?.aborted) throw aborted(request.signal);
    const document = this.documents[request.url.href];
    if (document) return this.reply(200, document);
    const isToken = request.method === "POST" && /^https:\/\/(as|other)\.example$/.test(request.url.origin);
    if (isToken) return this.#token(request);
    return this.#resource(request);
  }

  async #token(request) {
    const fields = formOrJson(request.body);
    const refreshToken = fields.refresh_token;
    const seen = { ...request, url: request.url.href, fields, refreshToken, at: realNow() };
    this.requests.push(seen);
    const reply = this.replies.shift() ?? this.otherwise;
    await unlessAborted(request.signal, sleep(this.delayMs));
    if (reply.unreachable) throw new TypeError("fetch failed");
    if (reply.silent) return unlessAborted(request.signal, new Promise(() => {}));
    if (reply.status) {
      const body = typeof reply.body === "function" ? reply.body(seen) : reply.body;
      return this.reply(reply.status, body ?? { error: "server_error" }, reply.headers);
    }
    if (this.isStrict && refreshToken !== this.current.refresh_token) {
      if (this.hasGrace && refreshToken === this.previous) return this.reply(200, this.last);
      const description = "the refresh token was used already";
      return this.reply(400, {
        error: "invalid_grant",
        error_description: description,
        code: "refresh_token_already_used",
      });
    }
    return this.#granted(this.#rotate(reply.tokens ?? {}), reply, request.signal);
  }

  #rotate(different) {
    this.previous = this.current.refresh_token;
    this.current = issued(++this.rotations);
    const usual = { ...this.current, token_type: "Bearer", expires_in: 3600, scope: "openid offline_access" };
    const body = { ...usual, ...this.more(), ...different };
    if ("refresh_token" in different) this.current.refresh_token = different.refresh_token || this.previous;
    this.last = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
    return this.last;
  }

  #granted(body, reply, signal) {
    const json = { headers: { "Content-Type": "application/json" } };
    if (reply.lost) throw new TypeError("fetch failed");
    if (reply.endless) return new Response(endless(signal), json);
    if (reply.huge) return new Response(this.#huge(body), json);
    if (reply.form)
      return new Response(new URLSearchParams(body).toString(), {
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
      });
    return this.reply(200, body, reply.headers);
  }

  #huge(body) {
    const MEGABYTE = new Uint8Array(2 ** 20).fill(32);
    return new ReadableStream({
      pull: (controller) => {
        if (++this.megabytesRead <= 24) return controller.enqueue(MEGABYTE);
        controller.enqueue(new TextEncoder().encode(JSON.stringify(body)));
        controller.close();
      },
    });
  }

  async #resource({ url, method, headers, body, signal }) {
    const call = {
      url: url.href,
      origin: url.origin,
      method,
      authorization: headers.get("authorization"),
      body,
    };
    this.calls.push(call);
    if (this.api) return unlessAborted(signal, Promise.resolve(this.api(call)));
    if (call.authorization?.endsWith(this.current.access_token)) return this.reply(200, {});
    return this.refusal();
  }

  /** The 401 of an API to a token that has run out. */
  refusal() {
    return this.reply(401, {}, { "WWW-Authenticate": 'Bearer error="invalid_token"' });
  }
}

/** Every string that can be reached from a value: what a logger or a crash reporter would see. */
export function strings(value, seen = new Set(), depth = 0) {
  if (typeof value === "string") return [value];
  if (value instanceof URLSearchParams || value instanceof URL) return [String(value)];
  const isObject = value !== null && (typeof value === "object" || typeof value === "function");
  if (!isObject || seen.has(value) || depth > 6) return [];
  seen.add(value);
  if (value instanceof Response || value instanceof Request) return [value.url, ...[...value.headers].flat()];
  const found = [];
  if (value instanceof Map || value instanceof Headers)
    for (const entry of value) found.push(...strings(entry, seen, depth + 1));
  for (const key of Reflect.ownKeys(value))
    try {
      found.push(...strings(value[key], seen, depth + 1));
    } catch {
      // a getter that throws holds nothing
    }
  try {
    found.push(String(value));
  } catch {
    // no text
  }
  return found;
}

function issued(number) {
  const now = Math.floor(realNow() / 1000);
  const access_token = jwt({ sub: "user", number, iat: now, exp: now + 86_400 * 400 });
  return { access_token, refresh_token: `R${number}${REFRESH_TOKEN_MARK}` };
}

function storageOn(stage) {
  const { stored, failing } = stage;
  return {
    getItem(key) {
      if (failing.reads > 0 && failing.reads--) throw new Error("the storage cannot be read");
      return stored.get(String(key)) ?? null;
    },
    setItem(key, value) {
      if (failing.writes > 0 && failing.writes--)
        throw new DOMException("quota exceeded", "QuotaExceededError");
      stored.set(String(key), String(value));
    },
    removeItem: (key) => void stored.delete(String(key)),
    key: (at) => [...stored.keys()][at] ?? null,
    clear: () => stored.clear(),
    get length() {
      return stored.size;
    },
  };
}

/** What was asked, however it was written: a URL with an init, or a Request. */
export async function readRequest(input, init) {
  const request = typeof input === "object" && "url" in input ? input : undefined;
  const method = (init.method ?? request?.method ?? "GET").toUpperCase();
  const body = init.body ?? (request && method !== "GET" ? await request.clone().text() : undefined);
  return {
    url: new URL(request?.url ?? String(input), "https://page.example/"),
    method,
    headers: new Headers(init.headers ?? request?.headers),
    signal: init.signal ?? request?.signal,
    redirect: init.redirect ?? request?.redirect ?? "follow",
    body: body == null || typeof body === "string" ? body : await new Response(body).text(),
  };
}

function formOrJson(body) {
  try {
    return JSON.parse(body);
  } catch {
    return Object.fromEntries(new URLSearchParams(body ?? ""));
  }
}

function unlessAborted(signal, promise) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal));
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function aborted(signal) {
  return signal.reason ?? new DOMException("This operation was aborted", "AbortError");
}

function endless(signal) {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"access_'));
      signal?.addEventListener("abort", () => controller.error(aborted(signal)), { once: true });
    },
  });
}
