// @ts-check

/** More than a slow tick, less than anybody sets a clock by on purpose. */
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
