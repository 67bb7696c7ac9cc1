// Vault as its document "Refreshing Access Tokens" describes it. `says` quotes the document; each quotation stands where
// the behaviour is. Statuses of errors are not in the document: 400, and 401 for an unknown partner, are RFC 6749's.

import { startDocumentServer } from "./document-server.mjs";
import { Refusal, Violation, requireContentType, requireRefreshGrant, requireRequest } from "./strict.mjs";
import { challenge } from "./wire.mjs";

const says = {
  request: "The POST /v1/auth/token endpoint allows users to refresh their OAuth 2.0 access token",
  partnerId: "partnerId int32 Required: The partner ID required for authentication.",
  grantType: "grantType string Required: Must be set to refresh_token.",
  body: "Body Parameters: refreshToken string Required. Example Request Body { 'refreshToken': ... }",
  bearer: "token_type: Type of the token, typically Bearer.",
};

const REPLIED_HOURS = 1; // the example: "expires_in": 3600
const ACCESS_HOURS = 24; // the prose: "The access_token is valid for 24 hours". Both hold: the token outlives expires_in.
const REFRESH_HOURS = Infinity; // The document mentions expired refresh tokens but no lifetime.

/**
 * Options: port, secondsPerHour, clock; rotateEvery: "A new refresh token (if applicable)" means at every n-th refresh,
 * and the old one is dead then; partnerId: the one partner this server knows.
 */
export async function startVault({ rotateEvery = 2, partnerId = 4711, ...options } = {}) {
  const server = await startDocumentServer(
    {
      name: "vault",
      tokenPath: "/v1/auth/token",
      resourcePrefix: "/v1/documents",
      resourcePath: "/v1/documents",
      requestSentence: says.request,
      bearerSentence: says.bearer,
      login: (book) => {
        const family = book.login();
        return reply(book, family, book.issueRefresh(family, 1, REFRESH_HOURS));
      },
      refresh: (request, book, entry) => refresh(request, book, entry, { rotateEvery, partnerId }),
      refuseAccess: challenge, // The document does not say; this is RFC 6750.
    },
    options,
  );
  return Object.assign(server, { partnerId });
}

function refresh(request, book, entry, { rotateEvery, partnerId }) {
  // Header names are case-insensitive (RFC 9110 section 5.1), and in lower case in HTTP/2.
  requireRequest(request, {
    path: "/v1/auth/token",
    sentence: says.request,
    allowed: ["partnerid", "granttype"],
  });
  const partner = int32(request.headers.partnerid);
  if (request.headers.granttype === undefined)
    throw new Violation("Header grantType is missing.", says.grantType);
  requireRefreshGrant(request.headers.granttype, says.grantType);
  requireContentType(request, "application/json", says.body);
  const refreshToken = requireRefreshToken(request.body);
  if (partner !== partnerId) throw new Refusal(401, "invalid_client", "This partner is not known.");

  const record = book.refresh(refreshToken, entry);
  // "If an invalid or expired refresh token is used": this reply, word for word.
  if (!record || record.ended || book.isExpired(record)) {
    throw new Refusal(400, "invalid_grant", "Refresh token has expired or is invalid.");
  }

  record.uses += 1;
  if (record.uses < rotateEvery) return reply(book, record.family);
  record.ended = true;
  entry.rotated = true;
  return reply(book, record.family, book.issueRefresh(record.family, record.number + 1, REFRESH_HOURS));
}

function int32(text) {
  if (text === undefined) throw new Violation("Header partnerId is missing.", says.partnerId);
  const number = Number(text);
  if (/^(0|-?[1-9][0-9]*)$/.test(text) && number === (number | 0)) return number;
  throw new Violation("Header partnerId is not an int32 in decimal.", says.partnerId);
}

/** The body's only member. "If the request does not contain a valid refresh token": that reply, word for word. */
function requireRefreshToken(body) {
  const missing = { verbatim: "Missing refresh token." };
  if (body === "") throw new Violation("There is no body.", says.body, missing);
  const json = parsed(body);
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    throw new Violation("The body is not a JSON object.", says.body);
  }
  if (Object.keys(json).some((name) => name !== "refreshToken")) {
    const has = (name) => (name in json ? ` It holds ${name}.` : "");
    const what = `The body has a member besides refreshToken.${has("grant_type")}${has("refresh_token")}`;
    throw new Violation(what, says.body);
  }
  // JSON.parse keeps the last of two duplicate members, so the text is compared with the text of one member.
  if ((body.match(/"refreshToken"\s*:/g) ?? []).length > 1) {
    throw new Violation("The body has refreshToken twice.", says.body);
  }
  if (typeof json.refreshToken !== "string" || json.refreshToken === "") {
    throw new Violation("refreshToken is missing.", says.body, missing);
  }
  return json.refreshToken;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the error of JSON.parse quotes the body
  }
}

// The members and their order are the document's. refresh_token: "A new refresh token (if applicable)", else left out.
function reply(book, family, refresh_token) {
  return {
    access_token: book.issueAccess(family, ACCESS_HOURS),
    ...(refresh_token && { refresh_token }),
    expires_in: book.seconds(REPLIED_HOURS),
    token_type: "Bearer",
  };
}
