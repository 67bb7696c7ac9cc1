// Medians, minima and rounds that alternate: what the figures of this bench are made of.

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** One figure: what decides, what shows the noise, and of how many. */
export function figure(values, digits = 1) {
  const rounded = (value) => Number(value.toFixed(digits));
  return { median: rounded(median(values)), least: rounded(Math.min(...values)), of: values.length };
}

/** Milliseconds of CPU, of all threads of this process, that the work took. */
export async function cpuOf(work) {
  const begun = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}

/**
 * Every contender once a round, and another one first in each round: load that comes and goes meets all of them.
 * What `measured` gives is collected by name; undefined is a round that failed.
 */
export async function alternating(contenders, rounds, measured, { warmUp = 1, until = Infinity } = {}) {
  const names = Object.keys(contenders);
  const values = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmUp; round < rounds && Date.now() < until; round++)
    for (let at = 0; at < names.length; at++) {
      const name = names[(at + round + warmUp) % names.length];
      const value = await measured(contenders[name], name);
      if (round >= 0 && value !== undefined) values[name].push(value);
    }
  return Object.fromEntries(Object.entries(values).filter(([, got]) => got.length));
}
