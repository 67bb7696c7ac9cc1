// @ts-check
// Generated from `Code::message` and `Code::own_message` in src/core/machine/failure.rs by `cargo xtask generate`.

/** @import { RefreshErrorCode } from "../index.js" */

/** What happened and what to do. Every page downloads this table. @type {Record<RefreshErrorCode, string>} */
export const MESSAGES = {
  session_ended: "The refresh token is of no use any more: log in again",
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
