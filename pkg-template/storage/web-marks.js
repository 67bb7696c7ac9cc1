// @ts-check

/** A mark older than this says nothing: what was written is everywhere. Usually that takes a millisecond. */
export const SPREAD_MS = 2000;
/** A read that is not for a write costs a caller no more than this. */
const PATIENCE_MS = 500;

/**
 * A write to localStorage goes to the other processes of a browser by another way than a lock does: of 600 turns that two tabs of
 * Chromium took under one Web Lock, 195 read what had been there before. So each write leaves a mark that is a lock itself, and
 * a read waits until the area shows what the newest mark names.
 * @param {string} key @param {() => string} shown
 * @param {(shown: string, stamp: string) => boolean} [isLater]  What came after that mark, from a tab that died before it left its own.
 */
export function marksOf(key, shown, isLater = () => false) {
  const prefix = `oauth-refresher.wrote ${key} `;
  let drop = () => {};
  /** What this page wrote is there, whatever became of it since: localStorage.clear(), say. */
  let own = "";
  /** A page that holds a lock is not kept in the back/forward cache. */
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
        // asking again is what waits: a timer of a hidden page would take a second
        for (const end = Date.now() + patienceMs; Date.now() < end;) {
          const { name, stamp } = await newest();
          if (!name || name == own || stamp == shown() || isLater(shown(), stamp)) return;
        }
      } catch {} // a sandboxed frame has no locks, and no tab to share with
    },

    /** @returns {Promise<true>}  Once every later look at the locks sees the mark. */
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
