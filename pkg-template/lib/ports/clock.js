// @ts-check

/** Longer than a slow tick, shorter than any deliberate change of the clock. */
const JUMP_MS = 5000;

/**
 * The wall clock, watched by the monotonic one: when they part, the device slept or its clock was set.
 * @param {(jump: "clockSetBack" | "resumed") => void} jumped
 */
export function clock(jumped) {
  let offset = NaN;
  return {
    /** Milliseconds since the epoch. */
    now() {
      const now = Date.now();
      const parted = now - performance.now() - offset;
      if (!(Math.abs(parted) < JUMP_MS)) {
        offset = now - performance.now();
        // the first reading compares with nothing
        if (parted) jumped(parted < 0 ? "clockSetBack" : "resumed");
      }
      return now;
    },
  };
}
