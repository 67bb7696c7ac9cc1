// Go1 as its document "Grant Type: Refresh Token" describes it. `says` quotes the document; each quotation stands where
// the behaviour is.

import { startDocumentServer } from "./document-server.mjs";
import { Refusal, requireContentType, requireForm, requireRefreshGrant, requireRequest } from "./strict.mjs";
import { respond } from "./wire.mjs";

const says = {
  request:
    "send your credentials, client ID and client secret and valid refresh_token via a POST request to https://auth.go1.com/oauth/token",
  contentType: "--header 'Content-Type: application/x-www-form-urlencoded'",
  grantType: "setting the grant type to refresh_token",
  oneTime: "Refresh tokens are one-time use only",
  refreshLife: "the refresh token has an expiry of 90 days",
  valid: "you will need to exchange a valid refresh token for a new access token",
  bearer: "Authorization: Bearer <ACCESS_TOKEN>",
};

const ACCESS_HOURS = 12; // "a Go1 access token is valid for only 12 hours"
const REFRESH_HOURS = 90 * 24;

/** Options: port, secondsPerHour (below 3600 is fast time), clock. */
export async function startGo1(options = {}) {
  const client = { client_id: "go1-client", client_secret: "go1 s3cret&+/=%" };
  const server = await startDocumentServer(
    {
      name: "go1",
      tokenPath: "/oauth/token",
      resourcePrefix: "/v2/", // https://api.go1.com/v2/ENDPOINT
      resourcePath: "/v2/account",
      requestSentence: says.request,
      bearerSentence: says.bearer,
      login: (book) => reply(book, book.login(), 1),
      refresh: (request, book, entry) => refresh(request, book, entry, client),
      refuseAccess,
    },
    options,
  );
  return Object.assign(server, { client });
}

function refresh(request, book, entry, client) {
  requireRequest(request, { path: "/oauth/token", sentence: says.request, allowed: [] });
  requireContentType(request, "application/x-www-form-urlencoded", says.contentType);
  const form = requireForm(
    request,
    ["grant_type", "client_id", "client_secret", "refresh_token"],
    says.request,
  );
  requireRefreshGrant(form.grant_type, says.grantType);
  if (form.client_id !== client.client_id || form.client_secret !== client.client_secret) {
    // The document names no error; this one is RFC 6749's.
    throw new Refusal(401, "invalid_client", "The client ID or the client secret is not known.");
  }

  const record = book.refresh(form.refresh_token, entry);
  if (!record) throw dead("This refresh token was never given out or its session is over.", says.valid);
  // The document does not say that a replay ends the token family, so it does not.
  if (record.ended) throw dead("This refresh token was used before.", says.oneTime);
  if (book.isExpired(record)) throw dead("This refresh token is too old.", says.refreshLife);

  record.ended = true;
  entry.rotated = true;
  return reply(book, record.family, record.number + 1); // "You will get a new refresh_token with each refresh."
}

// The members and their order are the document's example: "expires_in": 43200 is 12 hours.
function reply(book, family, number) {
  return {
    token_type: "Bearer",
    expires_in: book.seconds(ACCESS_HOURS),
    access_token: book.issueAccess(family, ACCESS_HOURS),
    refresh_token: book.issueRefresh(family, number, REFRESH_HOURS),
  };
}

// "If the access token expires or is removed, an 'Invalid token' error will be presented." The document gives neither a
// status nor a shape: 401 with a JSON message, and no WWW-Authenticate, is our choice.
function refuseAccess(res) {
  respond(res, 401, { message: "Invalid token" });
}

// The document names no error for a refresh token that is refused; invalid_grant is RFC 6749's.
function dead(what, sentence) {
  return new Refusal(400, "invalid_grant", `${what} The document says: ${sentence}`);
}
