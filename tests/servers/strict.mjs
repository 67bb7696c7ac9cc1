// Compares a request with a document. Everything that the document does not show is refused, and the refusal quotes the
// sentence. A sent value is never repeated, because it may be a token or a secret.

/** The request differs from the document. */
export class Violation extends Error {
  constructor(what, sentence, { error = "invalid_request", verbatim } = {}) {
    super(what);
    this.status = 400;
    this.error = error;
    this.error_description = verbatim ?? `${what} The document says: ${inDescription(sentence)}`;
  }
}

/** The request matches the document and is refused all the same. */
export class Refusal extends Error {
  constructor(status, error, error_description, headers = {}) {
    super(error);
    Object.assign(this, { status, error, error_description: inDescription(error_description), headers });
  }
}

/** Checks the request line, and that there is no header except `allowed` and those that every HTTP client adds. */
export function requireRequest(request, { path, sentence, allowed }) {
  if (request.path !== path) throw new Violation(`The path is not ${path}.`, sentence);
  if (request.method !== "POST") throw new Violation("The method is not POST.", sentence);
  if (request.query) throw new Violation("The address has a query.", sentence);
  const names = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) names.push(request.rawHeaders[i].toLowerCase());
  for (const name of names) {
    if (!allowed.includes(name) && !isEveryClients(name))
      throw new Violation(`Unknown header ${word(name)}.`, sentence);
    if (names.indexOf(name) !== names.lastIndexOf(name))
      throw new Violation(`Header ${name} came twice.`, sentence);
  }
}

/** Checks the media type, without parameters. */
export function requireContentType(request, type, sentence) {
  if (request.headers["content-type"] !== type) throw new Violation(`Content-Type is not ${type}.`, sentence);
}

/** The form's parameters, which must be exactly `names`, once each and not empty. */
export function requireForm(request, names, sentence) {
  const form = new URLSearchParams(request.body);
  const given = [...form.keys()];
  for (const name of given) {
    if (!names.includes(name)) throw new Violation(`Unknown parameter ${word(name)}.`, sentence);
    if (form.getAll(name).length > 1) throw new Violation(`Parameter ${name} came twice.`, sentence);
  }
  for (const name of names) {
    if (!form.get(name)) throw new Violation(`Parameter ${name} is missing.`, sentence);
  }
  return Object.fromEntries(form);
}

export function requireRefreshGrant(given, sentence) {
  if (given === "refresh_token") return;
  throw new Violation("The grant type is not refresh_token.", sentence, { error: "unsupported_grant_type" });
}

export function isEveryClients(name) {
  return EVERY_CLIENTS.has(name) || name.startsWith("sec-");
}

// The headers that fetch in Node, Deno, Bun, workerd and browsers, and curl add. Without cookie and referer on purpose: a
// client that handles tokens does not send them.
const EVERY_CLIENTS = new Set(
  "accept accept-encoding accept-language cache-control connection content-length content-type dnt host keep-alive origin pragma priority transfer-encoding user-agent cf-worker cf-ray cf-ew-via cf-connecting-ip cdn-loop".split(
    " ",
  ),
);

/** A name that the client sent, if it cannot be a secret. */
const word = (name) => (/^[A-Za-z_-]{1,24}$/.test(name) ? name : "(not a plain name)");

/** RFC 6749 section 5.2: error_description contains neither quotation marks nor backslashes. */
const inDescription = (text) => text.replace(/["\\]/g, "'");
