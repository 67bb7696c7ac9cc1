// The clients that run in pages. Each is as small as its documentation allows.

import { oauthRefresher } from "./ours.mjs";
import { auth0, msal, okta } from "./pages.mjs";
import { oidcClient, supabase } from "./sessions.mjs";
import { usualLines } from "./usual.mjs";

/**
 * A library as the scenarios know it.
 * - `kind`: `session` keeps tokens; `exchange` does one request; `interceptor` only repeats requests of an HTTP library
 * - `can`: what it has a place for; scenarios name what they need
 * - `never`: scenarios that the one server it is for never plays, or that ask for what it does not look at
 * - `open(stage, { secondsLeft, timeoutSeconds, secret, dpop, background, issuer, reuse, idToken, claims, provider })`
 * @typedef {{ name: string, kind: "session" | "exchange" | "interceptor", runs: ("Node" | "Chromium")[], can: string[],
 *   never?: string[], issuer?: string, open: (stage: any, options?: any) => Promise<any> }} Client
 */

/** @type {Client[]} */
export const IN_PAGES = [oauthRefresher, usualLines, oidcClient, auth0, okta, msal, supabase];
