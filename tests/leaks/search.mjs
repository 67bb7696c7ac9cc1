// Collects secrets and shown texts, and searches the texts for pieces of secrets. Not a test by itself.

/** This many consecutive characters of a secret are a leak. */
const PIECE = 8;
const LONGEST_SECRET = 8192;
const TOKENS = /^(access|refresh|id)_?token$|^(client_)?assertion$|^dpop$/i;
const SECRETS = /^client_?secret$/i;

const secrets = new Set();
/** Shown text → the place where it was shown. */
const shown = new Map();
const { parse } = JSON;

/** Records a visible text: a log line, an error, an event, the name of a lock. */
export function heard(place, text) {
  if (!shown.has(text)) shown.set(text, place);
}

export const learnToken = (value) => {
  // RFC 6750 section 2.1: a token contains no space, so "access 1" of a test is not a secret
  if (isText(value, 16) && /^\S+$/.test(value)) secrets.add(value);
};

export const learnSecret = (value) => {
  if (isText(value, PIECE)) secrets.add(value);
};

/** Records every token and secret among the members of a value, at any depth. */
export function learnMembers(value, depth = 0) {
  if (typeof value !== "object" || value === null || depth > 6) return;
  for (const [name, member] of Object.entries(value)) {
    if (TOKENS.test(name)) learnToken(member);
    else if (SECRETS.test(name)) learnSecret(member);
    else learnMembers(member, depth + 1);
  }
}

/** The same for a body, JSON or form, complete or a chunk of it. */
export function learnBody(text) {
  if (!/token|secret|assertion/i.test(text)) return;
  if (text.length < 65_536 && /^\s*[[{]/.test(text)) return learnMembers(parsed(text));
  if (text.length < 65_536 && !text.includes('"'))
    learnMembers(Object.fromEntries(new URLSearchParams(text)));
}

/** The credentials of an Authorization header, encoded and decoded. */
export function learnAuthorization(field = "") {
  const [scheme, credentials = ""] = field.split(" ");
  learnToken(credentials);
  if (!/^basic$/i.test(scheme)) return;
  const [, secret = ""] = Buffer.from(credentials, "base64").toString().split(/:(.*)/s);
  learnSecret(secret);
  learnSecret(decoded(secret));
}

/** The places where pieces of secrets were shown, without the pieces. */
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

/** The number of texts and of secrets. */
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
