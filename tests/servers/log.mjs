// The log of token requests: numbers and outcomes, never a token, so that a demo can print it and a test can count.

/** Adds an entry to `requests` at its arrival; what becomes of the request is filled in later. */
export function logEntry(requests, { atMs, client = null, fault }) {
  const entry = {
    number: requests.length + 1,
    atMs,
    client,
    grant_type: null,
    fault,
    status: null, // what was decided, or null if nothing was; a lost reply has one too
    outcome: null, // "granted", "refused", "violation" (not as the document says), "fault" (never got to the server's logic)
    error: null,
    family: null, // which login
    refreshTokenNumber: null, // which refresh token of that login was sent, from 1
    rotated: false,
  };
  requests.push(entry);
  return entry;
}
