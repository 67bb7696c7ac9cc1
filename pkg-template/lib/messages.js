// @ts-check
// Generated from `Code::message` and `Code::own_message` in src/core/machine/failure.rs, and from src/core/messages.rs, by
// `cargo xtask generate`.

/** @import { RefreshErrorCode } from "../index.js" */

/** What happened and what to do. Every page downloads this table. @type {Record<RefreshErrorCode, string>} */
export const MESSAGES = {
  session_ended: "The session has ended: log in again",
  signed_out: "There is no session: log in",
  client_rejected: "The server refused this client or request: check client_id, client_secret and scope",
  unavailable: "The server is out of reach or busy: try again later",
  outcome_unknown: "The reply was lost, and `reuse` forbids sending the refresh token again",
  bad_response: "The reply is no token response: check token_endpoint and `response`",
  identity_mismatch: "The new id_token names another person: nothing was stored",
  storage_failed: "The storage failed: the storage-failed event says how",
  lock_timeout: "Another context held the lock for too long",
  timeout: "The wait took longer than its limit: a refresh under way goes on",
  closed: "This refresher is closed: create another",
  engine_failed: "The core does not run",
};

/** The same where no server spoke, if it differs. @type {{ [code: string]: string }} */
export const OWN = {
  session_ended: "Log in again",
  client_rejected: "Nothing was sent",
};

/** A session that ended because the user has to act (OpenID Connect Core section 3.1.2.6). */
export const USER_REQUIRED = "The server asks for the user: log in again";

/** `storage-failed`: the stored value is no record. */
export const NO_RECORD = "what is stored is no record of this library, and is left as it is";

/** After the origin of a request that gets no access token (RFC 6750 section 5.3). */
export const UNLISTED = " gets no access token: add it to the option `origins` if it may have one";

/** Why nothing is sent: two isolates of Workers answer two requests at once. Workers KV is such a storage. */
export const UNSAFE =
  "this storage neither locks nor compares before it writes, so two isolates can use one refresh token twice: use a Durable Object, Redis or PostgreSQL; or say in `reuse` that the server forgives a second use";

/** What an endpoint must be (RFC 6749 sections 3.2 and 10.4): without TLS only where nothing leaves the machine, or in a container network. */
export const ENDPOINT =
  "an https URL without credentials or fragment (http on loopback, or with allowInsecureRequests)";
