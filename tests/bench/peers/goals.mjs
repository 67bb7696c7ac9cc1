// What the figures should be: written down before a run. A goal that was changed after a result was seen says so in `changed`, and the page
// marks it.

/**
 * `ours` and `beside` give a figure `{ median, least }` of the results; the goal is met if their ratio by medians is at most `factor`.
 * Without `beside`, `ours` itself is at most `limit`.
 * @typedef {{ id: string, part: string, title: string, unit?: string, limit?: number, factor?: number, changed?: string,
 *   ours: (results: any) => any, beside?: (results: any) => any }} Goal
 */

const OURS = "oauth-refresher";
const exactly = (bytes) => ({ median: bytes, least: bytes });
const weight = (results) => results.bytes.find(({ name }) => name === OURS);
const process = (state, name) => (results) => results.process[state][name].cpu;
const page = (condition, name) => (results) => results.page[condition][name];
const BY_HAND = "twenty lines with fetch";

/** @type {Goal[]} */
export const GOALS = [
  {
    id: "bytes-at-once",
    part: "bytes",
    title: "what a page loads at once",
    unit: "bytes, brotli",
    limit: 11_000,
    ours: (results) => exactly(weight(results).atOnce),
  },
  {
    id: "bytes-in-all",
    part: "bytes",
    title: "what a page loads in all",
    unit: "bytes, brotli",
    limit: 38_000,
    ours: (results) => exactly(weight(results).atOnce + weight(results).later),
  },
  {
    id: "refresh",
    part: "cpu",
    title: "CPU of one refresh (memory, locks, two saves), beside oauth4webapi's request and reading",
    factor: 4,
    ours: (results) => results.cpu.refresh[OURS],
    beside: (results) => results.cpu.refresh.oauth4webapi,
  },
  {
    id: "joined",
    part: "cpu",
    title: "CPU of 10,000 callers that join one refresh",
    unit: "ms",
    limit: 60,
    ours: (results) => results.cpu.joined[OURS],
  },
  {
    id: "idle",
    part: "cpu",
    title: "heap of an idle instance with a session",
    unit: "bytes",
    limit: 4096,
    ours: (results) => results.cpu.idle[OURS],
  },
  ...["fresh", "expired"].map((state) => ({
    id: `process-${state}`,
    part: "process",
    title: `a Node process to its first token, ${state}, beside the usual twenty lines (CPU)`,
    factor: 1.3,
    ours: process(state, OURS),
    beside: process(state, BY_HAND),
  })),
  ...["cold", "warm"].map((cache) => ({
    id: `page-fresh-${cache}`,
    part: "page",
    title: `a page to its first token, fresh in localStorage, ${cache} cache, beside oidc-client-ts's getUser()`,
    factor: 1.1,
    ours: page(`local-fresh-${cache}`, OURS),
    beside: page(`local-fresh-${cache}`, "oidc-client-ts"),
  })),
  ...["cold", "warm"].map((cache) => ({
    id: `page-indexed-${cache}`,
    part: "page",
    title: `a page to its first token, fresh in IndexedDB, ${cache} cache, beside the platform's own open and get`,
    factor: 1.3,
    ours: page(`indexed-fresh-${cache}`, OURS),
    beside: page(`indexed-fresh-${cache}`, BY_HAND),
  })),
  ...["cold", "warm"].map((cache) => ({
    id: `page-expired-${cache}`,
    part: "page",
    title: `a page to its first refresh, expired in localStorage, ${cache} cache, beside oidc-client-ts's signinSilent()`,
    factor: 1.4,
    ours: page(`local-expired-${cache}`, OURS),
    beside: page(`local-expired-${cache}`, "oidc-client-ts"),
  })),
  {
    id: "page-preload",
    part: "page",
    title: "the same on a slow network with a preload line, beside our own single file",
    factor: 1,
    ours: page("local-expired-slow", "oauth-refresher, preload line"),
    beside: page("local-expired-slow", "oauth-refresher/inline"),
  },
];

/** A goal beside a run: what was measured, and whether it is met. Undefined where it was not measured. */
export function judged({ part, limit, factor, unit, ours, beside }, results) {
  if (!results[part]) return undefined;
  const own = ours(results);
  if (!own || (beside && !beside(results))) return undefined;
  if (!beside)
    return {
      limit: `${shown(limit)} ${unit}`,
      median: shown(own.median),
      least: shown(own.least),
      met: own.median <= limit,
    };
  const peer = beside(results);
  const ratio = (statistic) => own[statistic] / peer[statistic];
  return {
    limit: `× ${factor}`,
    median: `× ${ratio("median").toFixed(2)}`,
    least: `× ${ratio("least").toFixed(2)}`,
    met: Number(ratio("median").toFixed(2)) <= factor,
  };
}

function shown(number) {
  return number.toLocaleString("en");
}
