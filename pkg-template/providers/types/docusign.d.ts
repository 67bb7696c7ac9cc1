import type { RefresherOptions, Value } from "../../index.js";

/**
 * DocuSign: `createRefresher({ ...docusign({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://account.docusign.com/oauth/token` by form, with HTTP Basic.
 * - Access tokens: 8 h. Refresh tokens: 30 d.
 * - Rotation: a new one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 10 days, also without a call.
 * - For the developer environment, which is another host, write its `token_endpoint` after the preset.
 * - Not verified, from memory: rotation, errors of the client.
 * - Searched without success: docusign.com/blog/developers/authorization-code-grant-refresh-tokens;
 *   docusign/postman-collections 41.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml; docusign/docusign-esign-node-client 338,
 *   docusign/postman-collections 41; docs.cortezaproject.org docusign.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function docusign(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
