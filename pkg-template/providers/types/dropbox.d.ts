import type { RefresherOptions, Value } from "../../index.js";

/**
 * Dropbox: `createRefresher({ ...dropbox({ client_id }), storage })`.
 *
 * - Request: `POST https://api.dropboxapi.com/oauth2/token` by form, with client_id and client_secret beside it; without a
 *   secret as a public client.
 * - Access tokens: 4 h. Refresh tokens: no expiry.
 * - Rotation: none: the refresh token stays the same.
 * - `reuse` is `"always"`: a lost reply is retried.
 * - Not verified, from memory: refresh token's lifetime.
 * - Searched without success: froemken/dropbox 29; owncloud/files_external_dropbox 147.
 * - Source: dropbox-sdk-java 8.0.1 DbxRefreshResult; dropbox.tech/developers/using-oauth-2-0-with-offline-access;
 *   NangoHQ/nango@2f4c0af packages/providers/providers.yaml; nextcloud/integration_dropbox 34; dropbox/dropbox-sdk-dotnet
 *   384, dropbox-sdk-python 544.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function dropbox(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
