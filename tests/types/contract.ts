// The package's types as a user's TypeScript sees them, with the strictest options. Compiled and never run.

import {
  createRefresher,
  RefreshError,
  type DemandOptions,
  type DPoP,
  type DPoPKeyPair,
  type Lock,
  type Refresher,
  type RefresherEvents,
  type RefresherOptions,
  type RefreshErrorCode,
  type RequestShape,
  type ResponseShape,
  type Reuse,
  type TokenInput,
  type TokenRecord,
  type TokenSet,
  type TokenStorage,
  type Value,
} from "oauth-refresher";
import {
  clientSecretJwt,
  mutualTls,
  privateKeyJwt,
  type AssertionOptions,
  type ClientAuth,
} from "oauth-refresher/client-auth";
import { dpop } from "oauth-refresher/dpop";
import { createRefresher as createJsRefresher } from "oauth-refresher/js";
import { createRefresher as createSlimRefresher } from "oauth-refresher/slim";
import { callbackStorage, indexedDbStorage, memoryStorage, webStorage } from "oauth-refresher/storage";
import {
  apple,
  atproto,
  github,
  gitlab,
  go1,
  goto,
  goTo,
  mercury,
  microsoftEntra,
  slack,
  vault,
  zoho,
} from "oauth-refresher/providers";

/** Compiles only if both are the same type. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : ["differ", A, B];
const same = <A, B>(_: Same<A, B>) => undefined;

// --- options ----------------------------------------------------------------------------------------------------------

const secret: Value = async () => "rotated";
const reuses: Reuse[] = ["never", "always", "until-successor-used", { graceSeconds: 30 }];
const lock: Lock = (work, { signal }) => (signal.throwIfAborted(), work());

const key: DPoP = dpop({ keyStorage: "indexeddb", name: "session" });
const proof: Promise<string> = key.proof({
  url: new URL("https://auth.example/token"),
  method: "POST",
  nonce: "n",
});
const owned: Promise<DPoPKeyPair> = key.keyPair();
dpop({ keyPair: await owned });
same<ReturnType<DPoP["thumbprint"]>, typeof proof>(true);
// @ts-expect-error: not one of the words
dpop({ keyStorage: "localStorage" });
// @ts-expect-error: a proof needs a method
void key.proof({ url: "https://auth.example/token" });

const { privateKey: signingKey } = await key.keyPair();
const revolut: AssertionOptions = {
  audience: "https://revolut.com",
  claims: { iss: "app.example" },
  typ: "JWT",
};
const attested: ClientAuth = ({ headers, issuer, refused, lastReply }) => {
  same<typeof issuer, string | undefined>(true);
  same<typeof refused, object | undefined>(true);
  headers.set(
    "x-challenge",
    lastReply?.headers.get("x-challenge") ?? `${lastReply?.status} ${lastReply?.error}`,
  );
};
export const authentications: ClientAuth[] = [
  attested,
  clientSecretJwt(secret, { alg: "HS512" }),
  privateKeyJwt(signingKey, { ...revolut, alg: "Ed25519", kid: "1", lifetimeSeconds: 30 }),
  mutualTls(),
  mutualTls(privateKeyJwt(signingKey, { typ: null, audience: ["a", "b"] })),
];
// @ts-expect-error: a key, not its JWK
privateKeyJwt({ kty: "EC" });
// @ts-expect-error: an HMAC algorithm is one of three
clientSecretJwt("secret", { alg: "ES256" });

const everything: RefresherOptions = {
  token_endpoint: "https://auth.example/token",
  issuer: "https://auth.example",
  revocation_endpoint: "https://auth.example/revoke",
  client_id: "app",
  client_secret: secret,
  clientAuth: "client_secret_basic",
  basicEncoding: "raw",
  dpop: key,
  scope: "a b",
  resource: ["https://api.example"],
  audience: "api",
  parameters: { tenant: "42", nonce: () => "n" },
  headers: { "X-Request-Id": async () => "id" },
  refreshAheadSeconds: 60,
  background: "auto",
  keepAliveSeconds: 86_400,
  reuse: reuses[0] ?? "never",
  endsWhen: ["token_revoked"],
  storage: memoryStorage(),
  tokens: { refresh_token: "from the environment", expires_in: "3600" },
  lock,
  fetch: globalThis.fetch,
  timeoutSeconds: 0.5,
  retries: 0,
  origins: ["https://api.example"],
  isTokenRejected: (response) => response.status === 401,
  waitUntil: (work) => void work.catch(() => {}),
};
createRefresher({
  ...everything,
  clientAuth: ({ headers, parameters }) => (headers.set("a", "b"), parameters.set("c", "d")),
});
createRefresher({
  ...everything,
  lock: "none",
  resource: "https://api.example",
  isTokenRejected: async () => false,
});

// @ts-expect-error: an unknown option
createRefresher({ token_endpoint: "https://auth.example/token", clientId: "app" });
// @ts-expect-error: not one of the words
createRefresher({ token_endpoint: "https://auth.example/token", background: "sometimes" });
// @ts-expect-error: a number of seconds, not text
createRefresher({ token_endpoint: "https://auth.example/token", timeoutSeconds: "30" });

const request: RequestShape = {
  method: "PUT",
  body: "json",
  names: { refresh_token: "refreshToken", grant_type: null },
  place: { client_id: "header" },
  grant_type: "refresh",
  basic: { username: "client_secret", password: "" },
  scopeSeparator: ",",
  check: { partnerId: "int32" },
};
const response: ResponseShape = {
  format: "auto",
  root: "data",
  names: { access_token: "accessToken" },
  expiry: { in: "unix_milliseconds", name: "expiresAt", defaultSeconds: 3600 },
  token_type: "Bearer",
  errorWhen: [{ path: "ok", isNot: true }],
  error: "code",
  error_description: "message",
  errors: { E17: "session_ended" },
  successStatus: [200, 201],
};
createRefresher({ ...everything, request, response });

// --- a refresher ------------------------------------------------------------------------------------------------------

export async function use(refresher: Refresher): Promise<void> {
  const wish: DemandOptions = {
    signal: AbortSignal.timeout(1),
    minValiditySeconds: 5,
    timeoutSeconds: 2,
    rejected: "a",
  };
  same<Promise<string>, ReturnType<typeof refresher.getAccessToken>>(true);
  same<Promise<TokenSet>, ReturnType<typeof refresher.getTokens>>(true);
  const token: string = await refresher.getAccessToken(wish);
  const { access_token, token_type, expires_at, scope, principal }: TokenSet = await refresher.refresh({
    timeoutSeconds: 1,
  });
  same<typeof expires_at, number | undefined>(true);
  same<typeof principal, unknown>(true);
  const reply: Response = await refresher.fetch(new URL("https://api.example"), {
    method: "POST",
    body: token,
  });
  await refresher.setTokens((await reply.json()) as TokenInput);
  await refresher.setTokens({
    access_token,
    token_type,
    refresh_token: "r",
    expires_in: 60,
    ...(scope && { scope }),
  });
  await refresher.signOut({ revoke: true });
  const { engine, crossContextLock, conditionalSave } = refresher.capabilities;
  same<typeof engine, "wasm" | "js">(true);
  same<[typeof crossContextLock, typeof conditionalSave], [boolean, boolean]>(true);
  same<Refresher["tokens"], TokenSet | null>(true);
  same<Refresher["state"], "unknown" | "active" | "refreshing" | "signed-out" | "session-ended">(true);
  // @ts-expect-error: read-only
  refresher.state = "active";
  // @ts-expect-error: a TokenSet has no refresh token
  (await refresher.getTokens()).refresh_token?.length;
  refresher.close();
  refresher[Symbol.dispose]();
}

export function listen(refresher: Refresher): void {
  refresher.addEventListener("token-changed", ({ detail: { tokens, source, generation } }) => {
    same<typeof tokens, TokenSet | null>(true);
    same<typeof source, "refresh" | "login" | "peer" | "sign-out" | "session-ended">(true);
    same<typeof generation, number>(true);
  });
  const failed = ({ detail: { error, retryAt } }: RefresherEvents["refresh-failed"]) => {
    same<typeof error, RefreshError>(true);
    same<typeof retryAt, number | undefined>(true);
  };
  refresher.addEventListener("refresh-failed", failed, { once: true, signal: AbortSignal.timeout(1) });
  refresher.removeEventListener("refresh-failed", failed);
  refresher.addEventListener("session-ended", ({ detail }) => detail.error.sessionEnded);
  refresher.addEventListener("storage-failed", ({ detail: { operation } }) => {
    same<typeof operation, "load" | "save" | "lock">(true);
  });
  const target: EventTarget = refresher;
  target.addEventListener("anything", () => {});
}

export function judge(error: unknown): string {
  if (!(error instanceof RefreshError)) throw error;
  const { code, status, retryable, retryAfterSeconds, refreshTokenState } = error;
  same<typeof status, number | undefined>(true);
  same<typeof retryAfterSeconds, number | undefined>(true);
  same<[typeof retryable, typeof refreshTokenState], [boolean, "unspent" | "spent" | "unknown"]>(true);
  // every code: a missing one does not compile
  const words: Record<RefreshErrorCode, string> = {
    session_ended: "log in",
    signed_out: "log in",
    client_rejected: "configuration",
    unavailable: "later",
    outcome_unknown: "later",
    bad_response: "later",
    identity_mismatch: "log in",
    storage_failed: "storage",
    lock_timeout: "later",
    timeout: "later",
    closed: "closed",
    engine_failed: "engine",
  };
  return `${words[code]} ${error.error ?? ""} ${error.error_description ?? ""} ${JSON.stringify(error.toJSON())}`;
}

// --- storages and providers -------------------------------------------------------------------------------------------

const area = { getItem: (_: string): string | null => null, setItem: () => {}, removeItem: () => {} };
const rows = new Map<string, TokenRecord>();
export const storages: TokenStorage[] = [
  memoryStorage(),
  webStorage(area, "session"),
  indexedDbStorage("session", { encrypt: true }),
  callbackStorage({ load: async () => rows.get("session"), save: () => undefined }),
  {
    load: () => null,
    save: (record, expected) => (record?.generation ?? 0) === expected,
    lock,
    subscribe: (changed) => (changed(), () => {}),
  },
];
export const record: TokenRecord = {
  format: 1,
  generation: 1,
  tokens: { refresh_token: "r" } satisfies TokenInput,
  obtained_at: 1,
  pending: { attempt: "a", started_at: 1, fingerprint: "f" },
};

const client = { client_id: "app", client_secret: "secret" };
export const refreshers: Refresher[] = [
  createRefresher({ ...go1(client), storage: memoryStorage() }),
  createRefresher(goTo({ ...client, token_endpoint: "https://auth.example/token" })),
  createRefresher(goto(client)),
  createRefresher(vault({ partnerId: 4711, token_endpoint: "https://vault.example/v1/auth/token" })),
  createJsRefresher(everything),
  createRefresher({ ...microsoftEntra({ tenant: "common", client_id: "app" }), scope: "openid" }),
  createRefresher(github({ client_id: "app", client_secret: async () => "rotated" })),
  createRefresher(slack({ ...client, token: "user" })),
  createRefresher(zoho({ ...client, location: "com.cn" })),
  createRefresher(mercury()),
  createRefresher(
    atproto({ issuer: "https://pds.example", client_id: "https://app.example/client.json", dpop: key }),
  ),
  createRefresher(
    apple({ client_id: "app", team_id: "T", key_id: "K", privateKey: (await key.keyPair()).privateKey }),
  ),
  createSlimRefresher({ ...everything, core: new URL("https://app.example/core.wasm") }),
  createSlimRefresher({ ...everything, core: fetch("https://app.example/core.wasm") }),
  createSlimRefresher({ ...everything, core: new ArrayBuffer(8) }),
];
// @ts-expect-error: the slim entry contains no core
createSlimRefresher(everything);
// @ts-expect-error: every customer of Vault has its own address
vault({ partnerId: 4711 });
// @ts-expect-error: the tenant is missing
microsoftEntra({ client_id: "app" });
// @ts-expect-error: an unknown data centre
zoho({ ...client, location: "evil.example" });
// @ts-expect-error: GitLab's clients are confidential
gitlab({ client_id: "app" });
