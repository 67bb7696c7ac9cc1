// @ts-check
/** @import { Reuse } from "../index.js" */

/**
 * @typedef {{ used: boolean, firstUsedAt: number, parent?: Token, session: Session, number: number, dead: boolean }} Token
 * @typedef {{ ended: boolean, refreshTokens: number, accessTokens: Set<string> }} Session
 * @typedef {{ reuse: Reuse, revokeFamily: boolean, rotate: boolean, now: () => number }} Rules
 */

/** The server's memory: which tokens there are, and what a policy makes of one that is seen again. @param {Rules} rules */
export function tokenBook({ reuse, revokeFamily, rotate, now }) {
  /** @type {Map<string, Token>} */
  const refreshTokens = new Map();
  /** @type {Set<Session>} */
  const sessions = new Set();
  let issued = 0;
  let revokedSessions = 0;

  /** @param {string} kind */
  const name = (kind) => `fake-${kind}-${++issued}-${crypto.randomUUID()}`;

  /** @param {Session} session @param {Token} [parent] */
  function refreshToken(session, parent) {
    const text = name("rt");
    refreshTokens.set(text, {
      used: false,
      firstUsedAt: 0,
      session,
      number: ++session.refreshTokens,
      dead: false,
      ...(parent && { parent }),
    });
    return text;
  }

  /** @param {Session} session */
  function accessToken(session) {
    const text = name("at");
    session.accessTokens.add(text);
    return text;
  }

  /** Whether the policy lets this token pass. @param {Token} token */
  function passes(token) {
    if (token.dead || token.session.ended) return false;
    if (!token.used || reuse === "always" || reuse === "until-successor-used") return true;
    return typeof reuse === "object" && now() - token.firstUsedAt < reuse.graceSeconds * 1000;
  }

  return {
    login() {
      /** @type {Session} */
      const session = { ended: false, refreshTokens: 0, accessTokens: new Set() };
      sessions.add(session);
      return { access_token: accessToken(session), refresh_token: refreshToken(session) };
    },

    /** New tokens, or nothing if the token is refused. @param {string} text */
    use(text) {
      const token = refreshTokens.get(text);
      if (!token) return undefined;
      if (!passes(token)) {
        if (token.used && revokeFamily && !token.session.ended) {
          token.session.ended = true;
          revokedSessions++;
        }
        return undefined;
      }
      // the use of a successor invalidates its parent
      if (reuse === "until-successor-used" && token.parent) token.parent.dead = true;
      if (!token.used) token.firstUsedAt = now();
      token.used = true;
      const { session } = token;
      const access_token = accessToken(session);
      if (!rotate) token.used = false;
      return rotate ? { access_token, refresh_token: refreshToken(session, token) } : { access_token };
    },

    /** @param {string} text */
    numberOf: (text) => refreshTokens.get(text)?.number ?? 0,

    /** @param {string} text */
    accepts: (text) => [...sessions].some(({ ended, accessTokens }) => !ended && accessTokens.has(text)),

    /** @param {string} text */
    revoke(text) {
      const token = refreshTokens.get(text);
      if (token) token.session.ended = true;
    },

    revokeAll: () => sessions.forEach((session) => (session.ended = true)),
    rejectAccessTokens: () => sessions.forEach(({ accessTokens }) => accessTokens.clear()),
    get revokedSessions() {
      return revokedSessions;
    },
  };
}
