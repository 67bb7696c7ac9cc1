import type { RefresherOptions, Value } from "../../index.js";

/**
 * Figma: `createRefresher({ ...figma({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://api.figma.com/v1/oauth/refresh` by form, with HTTP Basic.
 * - Access tokens: 90 d. Refresh tokens: not stated.
 * - Rotation: none: the refresh token stays the same.
 * - `reuse` is `"always"`: a lost reply is retried.
 * - Not verified, from memory: access token's lifetime, errors.
 * - Searched without success: developers.figma.com: authentication; arcticjs.dev/providers/figma.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts; NangoHQ/nango@2f4c0af
 *   packages/providers/providers.yaml; better-auth@451aa4b packages/core/src/social-providers/figma.ts.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function figma(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
