// The tokens that a document server has issued, and its clock.

import { randomToken } from "./wire.mjs";

/** An hour of the document takes `secondsPerHour` real seconds, so that a test can see an expiry. */
export function documentTime({ secondsPerHour, clock }) {
  if (!(secondsPerHour > 0))
    throw new TypeError("secondsPerHour must be a number above 0; 3600 is real time");
  let passedMs = 0;
  return {
    nowMs: () => clock() + passedMs,
    // expires_in is an integer in all three documents, and the tokens live that long.
    seconds: (hours) => (hours === Infinity ? Infinity : Math.max(1, Math.round(hours * secondsPerHour))),
    hours: (elapsedMs) => elapsedMs / 1000 / secondsPerHour,
    /** Advances this server's clock: `passHours(30 * 24)` is an idle month. */
    passHours: (hours) => void (passedMs += hours * secondsPerHour * 1000),
  };
}

/** A family is all tokens of one login; its refresh tokens are numbered from 1. */
export function tokenBook(time) {
  const accessTokens = new Map();
  const refreshTokens = new Map();
  let families = 0;

  return {
    login: () => ++families,

    issueAccess(family, hours, byteLength) {
      const token = randomToken(byteLength);
      accessTokens.set(token, { family, endsMs: time.nowMs() + time.seconds(hours) * 1000 });
      return token;
    },

    issueRefresh(family, number, hours, byteLength) {
      const token = randomToken(byteLength, "base64");
      const issuedMs = time.nowMs();
      const endsMs = issuedMs + time.seconds(hours) * 1000;
      refreshTokens.set(token, { family, number, issuedMs, endsMs, uses: 0, ended: false });
      return token;
    },

    /** The record of a refresh token, valid or not; undefined if this server did not issue it. */
    refresh(token, entry) {
      const record = refreshTokens.get(token);
      const { family = null, number: refreshTokenNumber = null } = record ?? {};
      Object.assign(entry, { grant_type: "refresh_token", family, refreshTokenNumber });
      return record;
    },
    isExpired: (record) => time.nowMs() >= record.endsMs,
    ageHours: (record) => time.hours(time.nowMs() - record.issuedMs),
    isAccessLive: (token) => time.nowMs() < (accessTokens.get(token)?.endsMs ?? -Infinity),

    rejectAccessTokens: () => accessTokens.clear(),
    endSessions() {
      accessTokens.clear();
      refreshTokens.clear();
    },
  };
}
