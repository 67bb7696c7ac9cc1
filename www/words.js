// What the page says. Errors are shown as their code and their own plain message.

const ABOUT = {
  oidc: "npm oidc-provider, public client. A new refresh token at every refresh; one that comes twice ends the session.",
  go1: "One-time refresh tokens. Twelve hours of its document last as long as one bar.",
  goto: "The same refresh token comes back until day 30. One hour of its document lasts as long as one bar.",
  vault:
    "JSON and headers of its own; a new refresh token now and then. One hour of its document lasts as long as one bar.",
};

export function aboutSession({ provider, reuse }, where) {
  const grace = reuse?.graceSeconds
    ? ` A reply may be lost: the old one works for ${reuse.graceSeconds} s more.`
    : "";
  return `${ABOUT[provider]}${grace} Kept in ${where}.`;
}

/** Of a refresher, and one of our own: alive, but offline for longer than the access token lasted. */
export const STATES = {
  unknown: "looking",
  active: "alive",
  refreshing: "refreshing",
  waiting: "token ran out",
  "signed-out": "signed out",
  "session-ended": "ended",
};

const CHANGES = {
  refresh: "refreshed by this tab",
  peer: "taken over from another tab",
  login: "logged in",
  stored: "found in storage",
};

const ENDS = {
  peer: "signed out or ended in another tab",
  "sign-out": "signed out",
  "session-ended": "ended: log in again",
};

/** Of a token-changed event; `leftSeconds`: how long the new access token is good for. */
export function changeInWords({ tokens, source }, leftSeconds) {
  if (!tokens) return ENDS[source] ?? source;
  const good = leftSeconds === undefined ? "" : `, good for ${Math.round(leftSeconds)}\u00a0s`;
  return `${CHANGES[source] ?? source}${good}`;
}

/** What is no fault of anything here: the network was cut on purpose, and the session goes on. */
export const isExpected = (error) => error?.code === "outcome_unknown" || error?.code === "unavailable";

const EXPECTED = {
  outcome_unknown:
    "the reply got lost, and this server refuses a refresh token that comes twice: so it is not sent again unasked. The next call asks once more, and the session may be over",
};

export function errorInWords(error) {
  if (EXPECTED[error?.code]) return `${error.code}: ${EXPECTED[error.code]}`;
  const plain = String(error?.message ?? error);
  return error?.code ? `${error.code}: ${plain}` : plain;
}
