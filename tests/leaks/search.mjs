// What is secret, what was shown, and whether a piece of the one is in the other. Not a test by itself.

/** So many characters of a secret in a row are too many. */
const PIECE = 8;
const LONGEST_SECRET = 8192;
const TOKENS = /^(access|refresh|id)_?token$|^(client_)?assertion$|^dpop$/i;
const SECRETS = /^client_?secret$/i;

const secrets = new Set();
/** Where it was shown, by what was shown. */
const shown = new Map();
const { parse } = JSON;

/** Text that somebody could read: a log line, an error, an event, the name of a lock. */
export function heard(place, text) {
  if (!shown.has(text)) shown.set(text, place);
}

export const learnToken = (value) => {
  // RFC 6750 section 2.1: no token holds a blank; a test's "access 1" is none
  if (isText(value, 16) && /^\S+$/.test(value)) secrets.add(value);
};

export const learnSecret = (value) => {
  if (isText(value, PIECE)) secrets.add(value);
};

/** Every token and secret among the members of a value, however deep. */
export function learnMembers(value, depth = 0) {
  if (typeof value !== "object" || value === null || depth > 6) return;
  for (const [name, member] of Object.entries(value)) {
    if (TOKENS.test(name)) learnToken(member);
    else if (SECRETS.test(name)) learnSecret(member);
    else learnMembers(member, depth + 1);
  }
}

/** The same of a body, JSON or form, whole or a piece of it. */
export function learnBody(text) {
  if (!/token|secret|assertion/i.test(text)) return;
  if (text.length < 65_536 && /^\s*[[{]/.test(text)) return learnMembers(parsed(text));
  if (text.length < 65_536 && !text.includes('"'))
    learnMembers(Object.fromEntries(new URLSearchParams(text)));
}

/** An Authorization header: credentials as they were sent, and as they read. */
export function learnAuthorization(field = "") {
  const [scheme, credentials = ""] = field.split(" ");
  learnToken(credentials);
  if (!/^basic$/i.test(scheme)) return;
  const [, secret = ""] = Buffer.from(credentials, "base64").toString().split(/:(.*)/s);
  learnSecret(secret);
  learnSecret(decoded(secret));
}

/** Where pieces of secrets were shown; never which. */
export function leaks() {
  const pieces = new Set();
  for (const secret of secrets)
    for (let at = 0; at + PIECE <= secret.length; at++) pieces.add(secret.slice(at, at + PIECE));
  const found = [];
  for (const [text, place] of shown) {
    let at = 0;
    while (at + PIECE <= text.length && !pieces.has(text.slice(at, at + PIECE))) at++;
    if (at + PIECE <= text.length) found.push(`${place}, after "${text.slice(Math.max(0, at - 40), at)}"`);
  }
  return found;
}

/** How much there was to search, and to search for. */
export const extent = () => ({ secrets: secrets.size, shown: shown.size });

const isText = (value, least) =>
  typeof value === "string" && value.length >= least && value.length <= LONGEST_SECRET;

function parsed(text) {
  try {
    return parse(text);
  } catch {}
}

function decoded(text) {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
