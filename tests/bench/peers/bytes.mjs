// What a page downloads: minified by esbuild, brotli 11. Prints JSON.

import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const NODE_ONLY = { platform: "node" };
/** Node's modules that a library names although a page needs none of them. */
const LEFT_OUT = {
  external: [..."crypto fs http http2 https net path querystring stream tls url util zlib events".split(" ")],
};

/** Name, what it does besides a refresh, what is imported. */
export const IMPORTS = [
  ["oauth-refresher", "session, locks, fetch", `export { createRefresher } from "oauth-refresher"`],
  [
    "oauth-refresher/inline",
    "the same in one file",
    `export { createRefresher } from "oauth-refresher/inline"`,
  ],
  [
    "oauth-refresher/js",
    "the same without WebAssembly",
    `export { createRefresher } from "oauth-refresher/js"`,
  ],
  [
    "oauth-refresher, webStorage, indexedDbStorage, dpop",
    "and storages, DPoP",
    `export { createRefresher } from "oauth-refresher"; export { webStorage, indexedDbStorage } from "oauth-refresher/storage"; export { dpop } from "oauth-refresher/dpop"`,
  ],
  [
    "oauth4webapi",
    "one exchange",
    `export { refreshTokenGrantRequest, processRefreshTokenResponse, None } from "oauth4webapi"`,
  ],
  ["openid-client", "one exchange", `export { refreshTokenGrant, Configuration, None } from "openid-client"`],
  ["better-auth", "one exchange", `export { refreshAccessToken } from "@better-auth/core/oauth2"`],
  ["arctic", "one exchange, login", `export { OAuth2Client } from "arctic"`],
  ["client-oauth2", "one exchange, login", `export { default } from "client-oauth2"`, LEFT_OUT],
  [
    "badgateway/oauth2-client",
    "session, fetch, login",
    `export { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client"`,
    LEFT_OUT,
  ],
  [
    "axios-auth-refresh with axios",
    "repeats after a 401",
    `export { createAuthRefresh } from "axios-auth-refresh"; export { default as axios } from "axios"`,
  ],
  ["oidc-client-ts", "session, login", `export { UserManager, WebStorageStateStore } from "oidc-client-ts"`],
  ["supabase/auth-js", "session, all of Supabase's login", `export { AuthClient } from "@supabase/auth-js"`],
  ["okta-auth-js/core", "session, login", `export { OktaAuth } from "@okta/okta-auth-js/core"`],
  ["auth0-spa-js", "session, locks, login", `export { Auth0Client } from "@auth0/auth0-spa-js"`],
  ["msal-browser", "session, login, broker", `export { PublicClientApplication } from "@azure/msal-browser"`],
  [
    "atproto/oauth-client",
    "session, locks, DPoP, login, resolvers",
    `export { OAuthClient } from "@atproto/oauth-client"`,
  ],
  [
    "simple-oauth2 (Node)",
    "one exchange, login",
    `export { AuthorizationCode } from "simple-oauth2"`,
    NODE_ONLY,
  ],
  [
    "google-auth-library (Node)",
    "session, Google's flows",
    `export { OAuth2Client } from "google-auth-library"`,
    NODE_ONLY,
  ],
];

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await measured()));

async function measured() {
  const rows = [];
  for (const [name, does, code, more] of IMPORTS) {
    const files = await bundled(code, more);
    const [atOnce, ...later] = files.map(compressed);
    rows.push({ name, does, atOnce, later: later.reduce((sum, bytes) => sum + bytes, 0) });
  }
  return rows;
}

/** The entry first, then what it imports when it needs it. */
async function bundled(contents, more = {}) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: HERE },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    outdir: "/",
    entryNames: "main",
    chunkNames: "chunk-[hash]",
    write: false,
    metafile: true,
    logLevel: "silent",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    ...more,
  });
  const entry = Object.entries(metafile.outputs).find(([path]) => path.endsWith("main.js"));
  const atOnce = new Set([entry[0]]);
  for (const path of atOnce)
    for (const { path: imported, kind } of metafile.outputs[path]?.imports ?? [])
      if (kind === "import-statement") atOnce.add(imported);
  const named = (path) => [...atOnce].some((known) => path.endsWith(known.replace(/^.*\//, "/")));
  const [first, later] = [
    outputFiles.filter(({ path }) => named(path)),
    outputFiles.filter(({ path }) => !named(path)),
  ];
  return [
    Buffer.concat(first.map(({ contents: bytes }) => bytes)),
    ...later.map(({ contents: bytes }) => bytes),
  ];
}

function compressed(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params }).length;
}
