// mcpSession fits both SDKs, which it does not import: what goes in, and what comes out. Checked by types.test.mjs, never run.

import {
  auth as authV2,
  SSEClientTransport as SSEClientTransportV2,
  StreamableHTTPClientTransport as StreamableHTTPClientTransportV2,
  type OAuthClientProvider as ProviderV2,
} from "@modelcontextprotocol/client";
import {
  auth as authV1,
  type OAuthClientProvider as ProviderV1,
} from "@modelcontextprotocol/sdk/client/auth.js";
import { SSEClientTransport as SSEClientTransportV1 } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport as StreamableHTTPClientTransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Refresher } from "oauth-refresher";
import { mcpSession, type McpProvider } from "oauth-refresher/mcp";
import { memoryStorage } from "oauth-refresher/storage";

declare const v1: ProviderV1;
declare const v2: ProviderV2;
const serverUrl = new URL("https://mcp.example/mcp");
const options = { serverUrl, storage: () => memoryStorage() };

const one = mcpSession(v1, options);
new StreamableHTTPClientTransportV1(serverUrl, one);
new SSEClientTransportV1(serverUrl, one);
new StreamableHTTPClientTransportV1(serverUrl, { ...one, requestInit: { headers: { "x-app": "1" } } });
authV1(one.authProvider, { serverUrl, fetchFn: one.fetch });
one.authProvider satisfies ProviderV1;

const two = mcpSession(v2, options);
new StreamableHTTPClientTransportV2(serverUrl, two);
new SSEClientTransportV2(serverUrl, two);
authV2(two.authProvider, { serverUrl, fetchFn: two.fetch });
two.authProvider satisfies ProviderV2;

// A provider of one's own keeps its members, and needs none for tokens.
class Own implements Omit<ProviderV2, "tokens" | "saveTokens"> {
  #verifier = "";
  readonly folder = "here";
  get redirectUrl() {
    return "http://127.0.0.1:8090/callback";
  }
  get clientMetadata() {
    return { redirect_uris: [this.redirectUrl] };
  }
  clientInformation() {
    return { client_id: "own" };
  }
  redirectToAuthorization(_url: URL) {}
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }
  codeVerifier() {
    return this.#verifier;
  }
}
const own = mcpSession(new Own(), options);
own.authProvider.folder satisfies string;
own.authProvider satisfies ProviderV2;
own.authProvider satisfies ProviderV1;
new StreamableHTTPClientTransportV1(serverUrl, own);
new StreamableHTTPClientTransportV2(serverUrl, own);
(await own.refresher()) satisfies Refresher | undefined;
own satisfies { signOut(options?: { revoke?: boolean }): Promise<void>; close(): void; fetch: typeof fetch };

declare const least: McpProvider;
mcpSession(least, { ...options, loginLock: (work) => work(), refresh: { reuse: { graceSeconds: 30 } } });
// @ts-expect-error  A storage for all servers is none.
mcpSession(least, { serverUrl, storage: memoryStorage() });
// @ts-expect-error  What the session decides is no option of the refresh.
mcpSession(least, { ...options, refresh: { resource: "https://other.example" } });
// @ts-expect-error  No provider.
mcpSession({}, options);
