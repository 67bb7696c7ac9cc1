// GoTo as its document "How to Obtain and Use Refresh Tokens" describes it. `says` quotes the document; each quotation
// stands where the behaviour is. The document's request has a blank address; /oauth/token is our choice.

import { startDocumentServer } from "./document-server.mjs";
import {
  Refusal,
  Violation,
  requireContentType,
  requireForm,
  requireRefreshGrant,
  requireRequest,
} from "./strict.mjs";
import { challenge } from "./wire.mjs";

const says = {
  request: "--request POST ... -d 'grant_type=refresh_token&refresh_token=eyJraWQiOiJvYXV0aHYyLmxt999...'",
  contentType: "--header 'Content-Type: application/x-www-form-urlencoded'",
  grantType: "send an API token request with a grant type of refresh_token",
  basic: "The Authorization header value is ... the string of clientID:clientSecret base64 encoded",
  lifecycle:
    "on or about day 30 of the refresh token's lifecycle, the response body will contain a new refresh token, good for the next 30 days",
  original: "the refresh token value from the original token request",
  bearer: "Authorization: Bearer {access_token}",
};

const ACCESS_HOURS = 1; // "Access tokens have a lifespan of 60 minutes."
// "On or about day 30": from day 30 on the reply contains a new token, and the old one is valid until day 31.
// So a client that refreshes daily ("Best practice is to harvest the refresh token from the response body daily") always
// gets the new one, and a client that is idle for longer loses the session.
const RENEWED_FROM_HOURS = 30 * 24;
const REFRESH_HOURS = 31 * 24;

/** Options: port, secondsPerHour, clock; omitRefreshToken: the newer form, where only a new refresh token is in the reply. */
export async function startGoTo({ omitRefreshToken = false, ...options } = {}) {
  // As in the document's sample, the secret contains characters that form-encoding changes.
  const client = {
    client_id: "5f2c1b34-868a-4339-934f-4da2d788d0aa",
    client_secret: "Zk7qP+2mT9vXwLrB4d8A+/Q==",
  };
  const server = await startDocumentServer(
    {
      name: "goto",
      tokenPath: "/oauth/token",
      resourcePrefix: "/rest",
      resourcePath: "/rest/me",
      requestSentence: says.request,
      bearerSentence: says.bearer,
      login: (book) => {
        const family = book.login();
        return reply(book, family, issueRefresh(book, family, 1));
      },
      refresh: (request, book, entry) => refresh(request, book, entry, client, omitRefreshToken),
      refuseAccess: challenge, // The document does not say; this is RFC 6750.
    },
    options,
  );
  return Object.assign(server, { client });
}

function refresh(request, book, entry, client, omitRefreshToken) {
  requireRequest(request, { path: "/oauth/token", sentence: says.request, allowed: ["authorization"] });
  requireContentType(request, "application/x-www-form-urlencoded", says.contentType);
  const form = requireForm(request, ["grant_type", "refresh_token"], says.request);
  requireRefreshGrant(form.grant_type, says.grantType);
  requireRawBasic(request.headers.authorization, client);

  const token = form.refresh_token;
  const record = book.refresh(token, entry);
  if (!record) throw dead("This refresh token was never given out or its session is over.", says.original);
  if (record.ended) throw dead("A new refresh token has taken the place of this one.", says.lifecycle);
  if (book.isExpired(record)) throw dead("This refresh token is more than 30 days old.", says.lifecycle);

  if (book.ageHours(record) >= RENEWED_FROM_HOURS) {
    record.ended = true;
    entry.rotated = true;
    return reply(book, record.family, issueRefresh(book, record.family, record.number + 1));
  }
  // "The body of the response contains the same refresh token as the first request."
  return reply(book, record.family, omitRefreshToken ? undefined : token);
}

function requireRawBasic(header, { client_id, client_secret }) {
  if (!header)
    throw new Violation("The Authorization header is missing.", says.basic, { error: "invalid_client" });
  if (header === basic(client_id, client_secret)) return;
  if (header === basic(formEncoded(client_id), formEncoded(client_secret))) {
    const what = "clientID and clientSecret were form-encoded before base64; they go in as they are.";
    throw new Violation(what, says.basic, { error: "invalid_client" });
  }
  if (!/^Basic [A-Za-z0-9+/]+=*$/.test(header)) {
    throw new Violation("The Authorization header is not Basic and base64.", says.basic, {
      error: "invalid_client",
    });
  }
  throw new Refusal(401, "invalid_client", "The clientID or the clientSecret is not known.", {
    "WWW-Authenticate": 'Basic realm="goto"', // RFC 6749 section 5.2
  });
}

const basic = (id, secret) => `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
const formEncoded = (text) => new URLSearchParams({ "": text }).toString().slice(1);

// The members are the document's: no token_type. "principal: Who the token represents".
function reply(book, family, refresh_token) {
  return {
    access_token: book.issueAccess(family, ACCESS_HOURS, 600),
    ...(refresh_token && { refresh_token }),
    expires_in: book.seconds(ACCESS_HOURS),
    principal: "ada@example.org",
  };
}

// "The tokens are significantly larger": 800 characters.
function issueRefresh(book, family, number) {
  return book.issueRefresh(family, number, REFRESH_HOURS, 600);
}

// The document names no error for a refresh token that is refused; invalid_grant is RFC 6749's.
function dead(what, sentence) {
  return new Refusal(400, "invalid_grant", `${what} The document says: ${sentence}`);
}
