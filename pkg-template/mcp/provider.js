// @ts-check
/** @import { McpProvider } from "./index.js" */
/** @import { McpSession } from "./session.js" */

/**
 * The application's provider with this session's tokens. Methods run on the provider itself, so that private fields and `this` work.
 *
 * SDK 1 calls `tokens()` both within `auth()` and for a request. In `auth()` it reads `redirectUrl` and calls `tokens()` synchronously after
 * it. SDK 2 passes the issuer there.
 * @template {McpProvider} P @param {P} provider @param {McpSession} session @returns {any}
 */
export function guarded(provider, session) {
  let isInAuth = false;

  /** @type {Record<string, (member: any) => any>} */
  const members = {
    redirectUrl(url) {
      isInAuth = true;
      queueMicrotask(() => (isInAuth = false));
      return url;
    },
    tokens: () => (/** @type {{ issuer?: string }} */ context) =>
      isInAuth || context?.issuer ? session.browsers.during(session.tokensForAuth()) : session.tokens(),
    saveTokens: () => (/** @type {any} */ tokens) => session.browsers.during(session.saveTokens(tokens)),
    discoveryState: () => () => session.discoveryState(),
    saveDiscoveryState: () => (/** @type {any} */ state) => session.saveDiscoveryState(state),
    state: (make) => make && (() => session.browsers.state(() => make.call(provider))),
    saveCodeVerifier: (save) => async (/** @type {string} */ verifier) => {
      if (!session.browsers.isSpare()) return session.browsers.during(save?.call(provider, verifier));
    },
    redirectToAuthorization: (open) => async (/** @type {URL} */ url) => {
      if (session.opens()) return open.call(provider, url);
    },
    saveClientInformation: (save) => save && after(save, () => session.forget()),
    // A code or a client was refused. Stored tokens are shared with other processes: only `signOut` or the server ends them.
    invalidateCredentials: (invalidate) => async (/** @type {string} */ scope) => {
      if (scope == "tokens") return;
      await session.browsers.during(invalidate?.call(provider, scope));
      session.forget();
    },
  };

  /** @param {Function} method @param {() => void} then */
  const after =
    (method, then) =>
    async (/** @type {unknown[]} */ ...given) => {
      await session.browsers.during(method.apply(provider, given));
      then();
    };

  return new Proxy(provider, {
    get(target, name) {
      const member = Reflect.get(target, name, target);
      if (typeof name == "string" && Object.hasOwn(members, name)) return members[name]?.(member);
      if (typeof member != "function" || name == "constructor") return member;
      return (/** @type {unknown[]} */ ...given) => session.browsers.during(member.apply(target, given));
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
