// @ts-check

/** Longer than a slow tick, shorter than a deliberate change of the clock. */
const JUMP_MS = 5000;

/**
 * The wall clock, compared with the monotonic clock: a difference means that the device slept or its clock was set.
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
        // NaN at the first reading.
        if (parted) jumped(parted < 0 ? "clockSetBack" : "resumed");
      }
      return now;
    },
  };
}
