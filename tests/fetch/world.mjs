// Fixtures for the claims about refresher.fetch, for any runtime: sessions at an API on loopback, controlled over HTTP.

/** `createRefresher` is the package's. `apiOrigin` and `otherOrigin` are two servers of tests/servers/api.mjs. */
export function world({ createRefresher, apiOrigin, otherOrigin }) {
  const origins = [apiOrigin];

  /** A logged-in session with its refresher; other members are options. */
  async function session(options = {}) {
    const here = await opened(apiOrigin);
    const elsewhere = await opened(otherOrigin);
    const refresher = createRefresher({
      token_endpoint: here.token_endpoint,
      client_id: "fetch-claims",
      background: "never",
      timeoutSeconds: 5,
      retries: 0,
      origins,
      tokens: here.tokens,
      ...options,
    });
    await refresher.getTokens();
    return { refresher, ...here, elsewhere };
  }

  return { session, apiOrigin, otherOrigin };
}

async function opened(origin) {
  const { tokens, token_endpoint, base } = await (
    await fetch(`${origin}/sessions`, { method: "POST" })
  ).json();
  const log = async () => (await fetch(`${base}/log`)).json();
  return {
    tokens,
    token_endpoint,
    url: (path) => `${base}/api/${path}`,
    open: (path) => `${base}/open/${path}`,
    tell: async (change) => {
      const reply = await fetch(`${base}/tell`, { method: "POST", body: JSON.stringify(change) });
      await reply.arrayBuffer();
    },
    log,
    /** The access token of each call, by number. */
    tokensSeen: async () => (await log()).calls.map(({ token }) => token),
  };
}

export function equal(given, wanted, what = "") {
  const [a, b] = [text(given), text(wanted)];
  if (a !== b) throw new Error(`${what} wanted ${b}, given ${a}`);
}

export function ok(given, what) {
  if (!given) throw new Error(what);
}

/** The reason of a promise that must reject. */
export async function reason(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a rejection, got ${value?.status ?? text(value)}`);
}

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const text = (value) => JSON.stringify(value);
