// The tokens that a row's server has issued, and the effect of a replayed refresh token. `repeats: "same"`: an allowed replay returns
// the successor that was issued already.

import { randomToken } from "../servers/wire.mjs";

/** `rotation`: "each", "same", "absent" (no refresh token in a reply), or a new one every n-th time and else the same, none or null. */
export function tokenBook({ rotation: { does }, reuse, repeats, request }) {
  const tokens = [];
  let ended = false;
  let refreshes = 0;
  // Without a refresh token in the request, the newest access token is the credential of a refresh.
  const renewsItself = !/\$refresh/.test(
    JSON.stringify([request.form, request.json, request.string, request.address, request.query]),
  );

  const newest = () => tokens.at(-1);
  const issued = (given = randomToken(32, "base64")) => {
    const access_token = randomToken(40);
    const refresh_token = renewsItself ? access_token : given;
    tokens.push({ access_token, refresh_token, used: false, atMs: Date.now() });
    return { access_token, refresh_token };
  };

  /** Whether a replaced token may be replayed. */
  function mayRepeat(old) {
    const parent = tokens.findLast(({ refresh_token }) => refresh_token !== newest().refresh_token);
    if (reuse === "always") return true;
    if (old.refresh_token !== parent?.refresh_token || newest().used) return false;
    return reuse === "until-successor-used" || Date.now() - parent.usedAtMs < reuse.graceSeconds * 1000;
  }

  return {
    renewsItself,
    login: () => ((ended = false), tokens.splice(0), issued()),
    end: () => void (ended = true),
    get last() {
      return newest();
    },
    /** The tokens of the reply, or undefined for an invalid token. A replay that is not allowed ends the session. */
    refresh(credential = newest()?.refresh_token) {
      const found = tokens.findLast(({ refresh_token }) => refresh_token === credential);
      if (ended || !found) return undefined;
      const isOld = credential !== newest().refresh_token;
      if (isOld && !mayRepeat(found)) return void (ended = true);
      if (isOld && repeats === "same") return issued(newest().refresh_token);
      Object.assign(found, { used: true, usedAtMs: found.usedAtMs ?? Date.now() });
      refreshes++;
      const rotates = does === "each" || (does.every && refreshes % does.every === 0);
      if (rotates) return issued();
      const { access_token } = issued(found.refresh_token);
      const again = { same: found.refresh_token, absent: undefined, null: null }[does.else ?? does];
      return { access_token, refresh_token: again };
    },
  };
}
