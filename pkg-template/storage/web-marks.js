// @ts-check

/** After this time a write has reached all processes, and its mark is ignored. Usually it takes a millisecond. */
export const SPREAD_MS = 2000;
/** Longest wait of a read that is not part of a write. */
const PATIENCE_MS = 500;

/**
 * A write to localStorage may reach another process of the browser later than the release of a Web Lock: of 600 turns of two Chromium tabs
 * under one lock, 195 read a stale value. So each write leaves a mark, which is itself a lock, and a read waits until localStorage shows
 * the record that the newest mark names.
 * @param {string} key @param {() => string} shown
 * @param {(shown: string, stamp: string) => boolean} [isLater]  Whether the value is newer than the mark: its tab may have died before it left its own mark.
 */
export function marksOf(key, shown, isLater = () => false) {
  const prefix = `oauth-refresher.wrote ${key} `;
  let drop = () => {};
  /** This page's own mark needs no wait, even if the value changed since, for example by localStorage.clear(). */
  let own = "";
  /** Releases the lock on pagehide: it would keep the page out of the back/forward cache. */
  const gone = () => drop();

  async function newest() {
    const { held = [] } = await navigator.locks.query();
    let last = { at: Date.now() - SPREAD_MS, stamp: "", name: "" };
    for (const { name = "" } of held) {
      if (!name.startsWith(prefix)) continue;
      const [at, stamp = ""] = name.slice(prefix.length).split(" ");
      if (Number(at) >= last.at) last = { at: Number(at), stamp, name };
    }
    return last;
  }

  return {
    /** @param {number} [patienceMs] */
    async arrived(patienceMs = PATIENCE_MS) {
      try {
        // Polls without a timer, which takes a second in a hidden page.
        for (const end = Date.now() + patienceMs; Date.now() < end;) {
          const { name, stamp } = await newest();
          if (!name || name == own || stamp == shown() || isLater(shown(), stamp)) return;
        }
      } catch {} // A sandboxed frame has no locks, and shares with no tab.
    },

    /** @returns {Promise<true>}  Resolves when later queries of the locks show the mark. */
    leave: () =>
      new Promise((left) => {
        const name = `${prefix}${Date.now()} ${shown()}`;
        const held = () =>
          new Promise((/** @type {(nothing?: any) => void} */ done) => {
            drop();
            /** @type {any} */
            const timer = setTimeout(() => drop(), SPREAD_MS);
            timer.unref?.();
            own = name;
            drop = () => {
              drop = () => {};
              clearTimeout(timer);
              globalThis.removeEventListener?.("pagehide", gone);
              done();
            };
            globalThis.addEventListener?.("pagehide", gone);
            left(true);
          });
        navigator.locks.request(name, { mode: "shared" }, held).catch(() => left(true));
      }),
  };
}
