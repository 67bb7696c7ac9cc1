// atproto/oauth-client: sessions at Bluesky and its kind. It looks a person's server up before each refresh, and binds tokens by DPoP.

import { globalFetch } from "./clock.mjs";

const DID = "did:web:as.example";
const ISSUER = "https://as.example";
/** The person's data server, which is the API. */
const RESOURCE = "https://api.example";
const CLIENT_ID = "https://app.example/client-metadata.json";

export const atproto = {
  name: "atproto/oauth-client",
  kind: "session",
  runs: ["Node"],
  can: ["storage", "fetch", "events", "signout", "force", "shared", "dpop"],
  never: [
    "api-foreign", // it takes a path of the API
    "form-reply",
    "token-type-absent",
    "refresh-token-empty",
    "expires-in-text",
    "expires-in-null",
  ],
  async open(stage, { secondsLeft = -10 } = {}) {
    const { OAuthClient } = await import("@atproto/oauth-client");
    const { JoseKey } = await import("@atproto/jwk-jose");
    Object.assign(stage.documents, DOCUMENTS);
    stage.more = () => ({ sub: DID, token_type: "DPoP", scope: "atproto" });
    const listeners = [];
    const sessionStore = storeOn(stage, JoseKey);
    if (!stage.stored.has(DID))
      await sessionStore.set(DID, {
        dpopKey: await JoseKey.generate(["ES256"]),
        authMethod: { method: "none" },
        tokenSet: {
          ...stage.current,
          iss: ISSUER,
          sub: DID,
          aud: RESOURCE,
          scope: "atproto",
          token_type: "DPoP",
          expires_at: new Date(Date.now() + secondsLeft * 1000).toISOString(),
        },
      });
    const client = new OAuthClient({
      responseMode: "query",
      clientMetadata: METADATA,
      stateStore: new Map(),
      sessionStore,
      fetch: globalFetch,
      handleResolver: { resolve: async () => null },
      plcDirectoryUrl: "https://plc.example",
      runtimeImplementation: {
        createKey: (algorithms) => JoseKey.generate(algorithms),
        getRandomValues: (length) => crypto.getRandomValues(new Uint8Array(length)),
        digest: async (bytes, { name }) =>
          new Uint8Array(await crypto.subtle.digest(name.replace("sha", "SHA-"), bytes)),
        requestLock: lockOn(stage),
      },
      onUpdate: (did, session) => listeners.forEach((listener) => listener(session)),
    });
    const token = async (refresh) => {
      const session = await client.restore(DID, refresh);
      await session.getTokenInfo(false);
      return (await sessionStore.get(DID)).tokenSet.access_token;
    };
    return {
      get: () => token("auto"),
      refresh: () => token(true),
      fetch: async (url, init) => (await client.restore(DID, false)).fetchHandler(String(url), init),
      signOut: () => client.revoke(DID),
      listen: (listener) => listeners.push(listener),
      stored: () => JSON.parse(stage.stored.get(DID) ?? "null")?.tokenSet ?? null,
    };
  },
};

const METADATA = {
  client_id: CLIENT_ID,
  redirect_uris: ["https://app.example/callback"],
  response_types: ["code"],
  grant_types: ["authorization_code", "refresh_token"],
  scope: "atproto",
  token_endpoint_auth_method: "none",
  application_type: "web",
  dpop_bound_access_tokens: true,
};

const DOCUMENTS = {
  [`${ISSUER}/.well-known/did.json`]: {
    "@context": ["https://www.w3.org/ns/did/v1"],
    id: DID,
    service: [{ id: "#atproto_pds", type: "AtprotoPersonalDataServer", serviceEndpoint: RESOURCE }],
  },
  [`${RESOURCE}/.well-known/oauth-protected-resource`]: {
    resource: RESOURCE,
    authorization_servers: [ISSUER],
  },
  [`${ISSUER}/.well-known/oauth-authorization-server`]: {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    pushed_authorization_request_endpoint: `${ISSUER}/par`,
    require_pushed_authorization_requests: true,
    client_id_metadata_document_supported: true,
    token_endpoint_auth_methods_supported: ["none"],
    dpop_signing_alg_values_supported: ["ES256"],
    protected_resources: [RESOURCE],
  },
};

/** Keys are objects of the library: as a JWK they go into a storage. */
function storeOn(stage, JoseKey) {
  return {
    async get(key) {
      const text = stage.storage.getItem(key);
      if (!text) return undefined;
      const { dpopJwk, ...session } = JSON.parse(text);
      return { ...session, dpopKey: await JoseKey.fromJWK(dpopJwk) };
    },
    async set(key, { dpopKey, ...session }) {
      stage.storage.setItem(key, JSON.stringify({ ...session, dpopJwk: dpopKey.privateJwk }));
    },
    async del(key) {
      stage.storage.removeItem(key);
    },
  };
}

/** One at a time and by name, as its package for Node does in a process. A stage is a process of its own. */
const held = new WeakMap();
function lockOn(stage) {
  if (!held.has(stage)) held.set(stage, new Map());
  const locks = held.get(stage);
  return (name, work) => {
    const mine = (locks.get(name) ?? Promise.resolve()).then(work);
    locks.set(
      name,
      mine.catch(() => {}),
    );
    return mine;
  };
}
