// What the author of a client writes, for both SDKs: a provider with files, and a person who logs in without looking. Stock it keeps the
// tokens too; with mcpSession it does not.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const REDIRECT = "http://127.0.0.1:9/callback";
const KINDS = {
  client: ["client"],
  tokens: ["tokens"],
  discovery: ["discovery"],
  verifier: [],
  all: ["client", "tokens", "discovery"],
};

export class FileProvider {
  #folder;
  #verifier;
  /** Where a browser was sent to. */
  opened = [];

  constructor(folder) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }
  get redirectUrl() {
    return REDIRECT;
  }
  get clientMetadata() {
    return {
      client_name: "rig",
      application_type: "native",
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
    };
  }
  clientInformation() {
    return this.#read("client");
  }
  saveClientInformation(client) {
    this.#write("client", client);
  }
  tokens() {
    return this.#read("tokens");
  }
  saveTokens(tokens) {
    this.#write("tokens", tokens);
  }
  discoveryState() {
    return this.#read("discovery");
  }
  saveDiscoveryState(state) {
    this.#write("discovery", state);
  }
  saveCodeVerifier(verifier) {
    this.#verifier = verifier;
  }
  codeVerifier() {
    return this.#verifier;
  }
  redirectToAuthorization(url) {
    this.opened.push(url);
  }
  invalidateCredentials(scope) {
    for (const kind of KINDS[scope]) rmSync(this.#path(kind), { force: true });
  }
  #path(kind) {
    return join(this.#folder, `${kind}.json`);
  }
  #read(kind) {
    try {
      return JSON.parse(readFileSync(this.#path(kind), "utf8"));
    } catch {
      return undefined;
    }
  }
  #write(kind, value) {
    const draft = `${this.#path(kind)}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(value));
    renameSync(draft, this.#path(kind));
  }
}

/** The same without tokens and without discovery: as little as an author can write. */
export const lean = (provider) =>
  new Proxy(provider, {
    get(target, name) {
      if (["tokens", "saveTokens", "discoveryState", "saveDiscoveryState"].includes(name)) return undefined;
      const member = Reflect.get(target, name, target);
      return typeof member == "function" ? member.bind(target) : member;
    },
  });

const modules = {
  async v1() {
    const [
      { Client },
      { StreamableHTTPClientTransport },
      { SSEClientTransport },
      { auth, UnauthorizedError },
    ] = await Promise.all([
      import("@modelcontextprotocol/sdk/client/index.js"),
      import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
      import("@modelcontextprotocol/sdk/client/sse.js"),
      import("@modelcontextprotocol/sdk/client/auth.js"),
    ]);
    const finish = (transport, params) => transport.finishAuth(params.get("code"));
    return { Client, StreamableHTTPClientTransport, SSEClientTransport, UnauthorizedError, auth, finish };
  },
  async v2() {
    const { Client, StreamableHTTPClientTransport, SSEClientTransport, UnauthorizedError, auth } =
      await import("@modelcontextprotocol/client");
    const finish = (transport, params) => transport.finishAuth(params);
    return { Client, StreamableHTTPClientTransport, SSEClientTransport, UnauthorizedError, auth, finish };
  },
};

/**
 * One client of one server. `options` are the transport's: `{ authProvider }`, or all that mcpSession gives. `provider` says which browsers
 * were opened.
 */
export async function openClient({ sdk, url, sse, options, provider, personMs = 0 }) {
  const { Client, StreamableHTTPClientTransport, SSEClientTransport, UnauthorizedError, auth, finish } =
    await modules[sdk]();
  const Transport = sse ? SSEClientTransport : StreamableHTTPClientTransport;
  let transport;
  let client;
  let connecting;

  /** Connects, once for all who call at the same time. */
  const connect = () => (connecting ??= reconnected().finally(() => (connecting = undefined)));

  async function reconnected() {
    await client?.close().catch(() => {});
    client = new Client({ name: "rig", version: "1.0.0" });
    transport = new Transport(new URL(url), options);
    await client.connect(transport).catch((error) => {
      client = undefined;
      throw error;
    });
  }

  /** One call of a tool; a client that lost its connection connects first. */
  async function call(tool = "echo", timeout = 30_000) {
    if (!client) await connect();
    return (
      await client.callTool({ name: tool, arguments: {} }, ...(sdk === "v1" ? [undefined] : []), { timeout })
    ).content[0].text;
  }

  /** Does what the browser was opened for. */
  async function logIn() {
    const address = provider.opened.at(-1);
    if (personMs) await sleep(personMs);
    await finish(transport, (await browsed(address)).searchParams);
  }

  const isLoginWanted = (error) => error instanceof UnauthorizedError;

  return {
    auth,
    connect,
    call,
    logIn,
    isLoginWanted,
    get transport() {
      return transport;
    },
    /** Connects; logs in on the way, if that is wanted. */
    async ready() {
      try {
        await connect();
      } catch (error) {
        if (!isLoginWanted(error)) throw error;
        await logIn();
        await connect();
      }
    },
    close: async () => client?.close().catch(() => {}),
  };
}

/** Follows redirects, with cookies, to the application's own address. */
async function browsed(address) {
  const cookies = new Map();
  for (let url = address; ;) {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    const location = response.headers.get("location");
    if (!location)
      throw new Error(`the browser stopped at ${response.status}: ${(await response.text()).slice(0, 200)}`);
    url = new URL(location, url);
    if (url.href.startsWith(REDIRECT)) return url;
  }
  throw new Error("the browser goes round in circles");
}
