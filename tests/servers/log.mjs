// The log of token requests: numbers and outcomes, never a token, so that a demo can print it and a test can count.

/** Adds an entry to `requests` at its arrival; its outcome is filled in later. */
export function logEntry(requests, { atMs, client = null, fault }) {
  const entry = {
    number: requests.length + 1,
    atMs,
    client,
    grant_type: null,
    fault,
    status: null, // the server's decision, or null without one; a lost reply has one too
    outcome: null, // "granted", "refused", "violation" (differs from the document), "fault" (did not reach the server's logic)
    error: null,
    family: null, // number of the login
    refreshTokenNumber: null, // number of the refresh token within that login, from 1
    rotated: false,
  };
  requests.push(entry);
  return entry;
}
