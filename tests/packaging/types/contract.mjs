// The names of the public contract, by sub-path: what users import. Names are added here and never removed.

const ROOT = {
  values: ["createRefresher", "RefreshError"],
  types: [
    "Awaitable",
    "ClientAuth",
    "DemandOptions",
    "DPoP",
    "Lock",
    "Refresher",
    "RefresherEvents",
    "RefresherOptions",
    "RefreshErrorCode",
    "RequestShape",
    "ResponseShape",
    "Reuse",
    "TokenInput",
    "TokenRecord",
    "TokenSet",
    "TokenStorage",
    "Value",
  ],
};

export const NAMES = {
  "oauth-refresher": ROOT,
  "oauth-refresher/js": ROOT,
  "oauth-refresher/slim": ROOT,
  "oauth-refresher/storage": {
    values: ["callbackStorage", "indexedDbStorage", "memoryStorage", "webStorage"],
  },
  "oauth-refresher/storage/node": { values: ["fileLock", "fileStorage"], platforms: ["@types/node"] },
  "oauth-refresher/storage/redis": { values: ["redisStorage"] },
  "oauth-refresher/storage/postgres": { values: ["postgresStorage"] },
  "oauth-refresher/providers": { values: ["go1", "goTo", "goto", "vault"] },
  "oauth-refresher/client-auth": {
    values: ["clientSecretJwt", "mutualTls", "privateKeyJwt"],
    types: ["ClientAuth"],
  },
  "oauth-refresher/dpop": { values: ["dpop"] },
  "oauth-refresher/cloudflare": {
    values: ["durableObjectStorage", "TokenVault"],
    platforms: ["workers-types"],
  },
  "oauth-refresher/mcp": { values: ["mcpSession"] },
  "oauth-refresher/testing": { values: ["fakeAuthorizationServer"] },
  "oauth-refresher/trace": { values: ["traceBuffer", "traceToConsole"] },
  "oauth-refresher/host": { values: ["hostRefresher"], platforms: ["DOM"] },
  "oauth-refresher/client": { values: ["connectRefresher"], platforms: ["DOM"] },
  "oauth-refresher/inline": ROOT,
};

/** The members of the contract's types. */
const MEMBERS = {
  RefresherOptions:
    "token_endpoint issuer revocation_endpoint client_id client_secret clientAuth basicEncoding dpop scope resource audience parameters headers request response refreshAheadSeconds background keepAliveSeconds reuse endsWhen storage tokens lock fetch timeoutSeconds retries origins isTokenRejected waitUntil allowInsecureRequests keepRejectedResponse identityCheck trace",
  Refresher:
    "getAccessToken getTokens refresh fetch load setTokens signOut tokens state capabilities close addEventListener",
  DemandOptions: "signal minValiditySeconds timeoutSeconds rejected",
  TokenSet: "access_token token_type expires_at scope id_token",
  TokenInput: "access_token refresh_token token_type expires_in expires_at scope id_token",
  RefresherEvents: "token-changed refresh-failed session-ended storage-failed state-changed",
  TokenStorage: "load save lock subscribe",
  TokenRecord: "format generation tokens obtained_at pending owner",
  RefreshError:
    "code error error_description status retryable retryAfterSeconds sessionEnded loginRequired cause refreshTokenState toJSON",
  RequestShape: "method body names place grant_type basic scopeSeparator check",
  ResponseShape: "format root names expiry token_type errorWhen error error_description errors successStatus",
};

/** Imports all names that such a project can use. */
export function contract(platform) {
  return Object.entries(NAMES)
    .filter(([, { platforms }]) => !platforms || platforms.includes(platform))
    .map(([subPath, { values, types = [] }], index) => {
      const each = [...values, ...types.map((name) => `type ${name}`)];
      const names = each.map((name) => `${name} as ${name.replace("type ", "")}${index}`);
      return `import { ${names.join(", ")} } from "${subPath}";\nvoid [${values.map((name) => name + index).join(", ")}];`;
    })
    .join("\n");
}

/** Names all members of the contract's types: one that is gone does not compile. */
export function members() {
  return Object.entries(MEMBERS)
    .map(([type, names]) => {
      const looked = names.split(" ").map((name) => `${type}[${JSON.stringify(name)}]`);
      return `import type { ${type} } from "oauth-refresher";\nexport type Of${type} = [${looked.join(", ")}];`;
    })
    .join("\n");
}
