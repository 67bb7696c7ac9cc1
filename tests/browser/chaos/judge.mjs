// Decides which observations are failures of the package, and which are the cost of a tab, or of a host, that was killed during a request.
// With a host the end of a tab costs no session.

import { leaks } from "./leaks.mjs";

/** A running tab has stored a reply after this time. */
const STORED_MS = 1000;
/** Every running tab knows of a new login after this time. */
const KNOWN_MS = 3000;
const LONGEST_CALL_MS = 12_000;
/** The default of `timeoutSeconds`: so long other tabs wait for one whose reply the browser keeps (docs/page.md, "A frozen tab"). */
const TIMEOUT_MS = 30_000;
/** In a storm of some dozens of requests. It was seen twice in all. */
const MOST_KEPT = 1;
const KEPT = "the browser kept the reply of a tab that was frozen with its request out";
/** So long a page takes to see that its host is gone, where the browser does not say it; WebKit's go with the tab that began them. */
const HOST_LOST_MS = 5000;
const HOSTS_LOST_IN_A_CALL = 4;
/** A reply reaches its callers in milliseconds. A token of two seconds expires if it takes longer than this. */
const SLOW_MS = 1000;
const LIFE_MS = 2000;

export function judged(seen) {
  const rotations = judgedRotations(seen);
  const kept = rotations.lost.filter((why) => why?.endsWith(KEPT)).length;
  const calls = judgedCalls(seen, kept * TIMEOUT_MS);
  const hosts = [...seen.lives.values()].filter(({ isHost }) => isHost);
  const failures = [
    ...(hosts.length ? rotations.lost.filter((why) => !why.startsWith("the worker")) : []),
    ...seen.stuck,
    ...rotations.failures,
    ...(kept > MOST_KEPT ? [`${kept} times ${KEPT}`] : []),
    ...calls.failures,
    ...complaints(seen),
    ...leaks(seen.shown, seen.secrets),
  ];
  const figures = {
    ...rotations.figures,
    ...calls.figures,
    lives: seen.lives.size,
    hosts: hosts.length,
    ...seen.deeds,
  };
  return { failures, figures, lost: rotations.lost };
}

/** Each refresh token is sent once, unless the tab that sent it was killed before the reply. */
function judgedRotations({ requests, counted, lives }) {
  const failures = [];
  const lost = new Map(); // family → why
  const latest = new Map(); // refresh token → the request that sent it last
  let resent = 0;
  let previous;
  for (const entry of requests) {
    const { family, life } = entry;
    const name = `refresh token ${family}.${entry.number}`;
    const before = latest.get(name);
    latest.set(name, entry);
    const why = before && whyUnknown(before, lives);
    const isResent = Boolean(why) && before.life === life;
    if (before && !why)
      failures.push(`${name}: ${described(before, lives)}, again: ${described(entry, lives)}`);
    if (!before && entry.isGranted === false && !lost.has(family))
      failures.push(`${name} was refused when it came for the first time: ${described(entry, lives)}`);
    if (previous?.family === family && entry.arrivedMs < previous.repliedMs && !whyUnknown(previous, lives))
      failures.push(`${name} was sent while ${previous.number} was under way`);
    if (before && !lost.has(family)) lost.set(family, isResent ? `re-sent by the browser: ${why}` : why);
    resent += isResent;
    previous = entry;
  }
  const answered = requests.filter(({ status }) => status).length;
  if (counted.length !== answered)
    failures.push(`the server counted ${counted.length} requests, not ${answered}`);
  const once = new Set(requests.map(({ family, number }) => `${family}.${number}`)).size;
  const figures = {
    rotations: requests.filter(({ isGranted }) => isGranted).length,
    requests: requests.length,
    "refresh tokens sent": once,
    "sent again after a death": requests.length - once - resent,
    "re-sent by the browser": resent,
    "sessions lost": lost.size,
  };
  return { failures, lost: [...lost.values()], figures };
}

/** Every call gets a valid token, or an error while the session was lost. */
function judgedCalls({ lives, losses, rejections, requests }, keptMs) {
  const failures = [];
  const isExcused = ({ askedMs, settledMs }) =>
    losses.some(({ fromMs, toMs }) => settledMs >= fromMs && askedMs <= toMs + KNOWN_MS);
  for (const call of rejections)
    if (!isExcused(call))
      failures.push(
        `life ${call.life}: rejected with ${call.code} after ${call.settledMs - call.askedMs} ms`,
      );
  const hostsLost = [...lives.values()].filter(({ isHost, how }) => isHost && how).length;
  const longestCallMs = LONGEST_CALL_MS + keptMs + HOST_LOST_MS * Math.min(hostsLost, HOSTS_LOST_IN_A_CALL);
  let overslept = 0;
  let delayed = 0;
  for (const { life, expired = [], longestMs = 0, oldestAskMs, reportedMs } of lives.values()) {
    for (const call of expired) {
      const { askedMs, settledMs, expiresMs } = call;
      const wayMs = onItsWayMs(call, requests);
      // Calls that a frozen tab delayed need a moment to complete.
      if (pausedMs(lives, askedMs - STORED_MS, settledMs) > 0) overslept += 1;
      else if (wayMs > SLOW_MS) delayed += 1;
      else
        failures.push(
          `life ${life} asked ${expiresMs - askedMs} ms before a token ran out, and was given it ${settledMs - expiresMs} ms after; no tab slept; ${wayMs} ms on its way`,
        );
    }
    const longest = Math.max(longestMs, oldestAskMs ? reportedMs - oldestAskMs : 0);
    if (longest > longestCallMs) failures.push(`life ${life}: a call took ${longest} ms`);
  }
  const total = (name) => [...lives.values()].reduce((sum, life) => sum + (life[name] ?? 0), 0);
  const figures = {
    calls: total("asked"),
    "rejected while it was lost": rejections.length,
    "given a token that ran out while a tab slept": overslept,
    "given a token that took a second to get through": delayed,
    "longest call, ms": Math.max(...[...lives.values()].map(({ longestMs = 0 }) => longestMs)),
    "freezes noticed by pages": total("freezes"),
  };
  return { failures, figures };
}

/**
 * How long a token that a call waited for was in-flight between the tab's request and its reply, minus the server's own time:
 * milliseconds, unless the machine is busy. 0 without a waiting call.
 */
function onItsWayMs({ askedMs, settledMs, expiresMs }, requests) {
  const sentMs = expiresMs - LIFE_MS;
  const request = requests.find(({ arrivedMs, isGranted }) => isGranted && arrivedMs >= sentMs - 50);
  if (!request || request.repliedMs > settledMs) return 0;
  const waited = askedMs < request.repliedMs || askedMs < expiresMs;
  return waited ? settledMs - sentMs - (request.repliedMs - request.arrivedMs) : 0;
}

/** The consoles contain nothing except the browser's own report of a 400. */
function complaints({ complaints, requests }) {
  const is400 = (text) => /status of 400/.test(text);
  const refused = requests.filter(({ isGranted }) => isGranted === false).length;
  const failures = complaints.filter((text) => !is400(text)).map((text) => `in a console: ${text}`);
  if (complaints.length - failures.length > refused)
    failures.push("consoles show more 400s than the server sent");
  return failures;
}

/** The reason why the result of the request is unknown: its tab was killed before it could store the reply. */
function whyUnknown({ life, arrivedMs, repliedMs }, lives) {
  const { doomedMs, deadMs, how, pauses = [] } = lives.get(life) ?? {};
  if (!how || arrivedMs > deadMs + STORED_MS) return null;
  if (repliedMs >= doomedMs) return `${how} with the request under way`;
  const asleepMs = pausedMs(lives, repliedMs, doomedMs);
  const awakeMs = doomedMs - repliedMs - asleepMs;
  const wasFrozen = ({ isFreeze, fromMs, toMs }) =>
    isFreeze && fromMs < repliedMs + STORED_MS && toMs > arrivedMs;
  if (awakeMs > STORED_MS) return pauses.some(wasFrozen) ? `${how}: ${KEPT}` : null;
  return `${how} ${awakeMs} ms after the reply${asleepMs ? `, and ${Math.round(asleepMs)} ms of sleep` : ""}`;
}

/** How long any tab was frozen. A tab that is frozen in a transaction blocks the storage of all tabs. */
function pausedMs(lives, fromMs, toMs) {
  const pauses = [...lives.values()].flatMap(({ pauses, doomedMs }) =>
    pauses.map((pause) => ({ fromMs: pause.fromMs, toMs: Math.min(pause.toMs, doomedMs) })),
  );
  let sum = 0;
  let doneMs = fromMs;
  for (const pause of pauses.sort((one, other) => one.fromMs - other.fromMs)) {
    const beginMs = Math.max(pause.fromMs, doneMs);
    const endMs = Math.min(pause.toMs, toMs);
    if (endMs <= beginMs) continue;
    sum += endMs - beginMs;
    doneMs = endMs;
  }
  return sum;
}

function described({ life, arrivedMs, repliedMs, status }, lives) {
  const { how, doomedMs } = lives.get(life) ?? {};
  const end = how ? `${how} ${doomedMs - arrivedMs} ms after` : "alive";
  return `life ${life} (${end}, reply ${status} after ${repliedMs - arrivedMs} ms)`;
}
