// What of all that was seen is a failure of the package, and what is the price of a tab that died at the wrong moment.

/** After a reply, a tab that runs has stored it by then. */
const STORED_MS = 1000;
/** After a new login, every tab that runs knows of it by then. */
const KNOWN_MS = 3000;
const LONGEST_CALL_MS = 12_000;
const PIECE = 8;

export function judged({
  requests,
  counted,
  lives,
  losses,
  rejections,
  complaints,
  stuck,
  shown,
  secrets,
  deeds,
}) {
  const failures = [...stuck];
  const lost = [];
  const spoiled = new Set();
  let resent = 0;
  let overslept = 0;

  const latest = new Map(); // refresh token → the request that sent it last
  for (const entry of requests) {
    const { family, number, life } = entry;
    const name = `refresh token ${family}.${number}`;
    const before = latest.get(name);
    latest.set(name, entry);
    if (before) {
      const why = whyUnknown(before);
      if (before.life === life && why) resent += 1;
      else if (!why) failures.push(`${name} sent by ${described(before)} and again by ${described(entry)}`);
      if (!spoiled.has(family)) lost.push(before.life === life ? `re-sent by the browser, ${why}` : why);
      spoiled.add(family);
    } else if (entry.isGranted === false && !spoiled.has(family))
      failures.push(`${name} was refused when it came for the first time, from ${described(entry)}`);
  }
  failures.push(...overlapping(requests, whyUnknown));
  if (counted.length !== requests.filter(({ status }) => status).length)
    failures.push(`oidc-provider counted ${counted.length} token requests, the wire ${requests.length}`);

  const isExcused = ({ askedMs, settledMs }) =>
    losses.some(({ fromMs, toMs }) => settledMs >= fromMs && askedMs <= toMs + KNOWN_MS);
  const unexcused = rejections.filter((rejection) => !isExcused(rejection));
  for (const { life, code, askedMs, settledMs } of unexcused)
    failures.push(`a call in life ${life} was rejected with ${code} after ${settledMs - askedMs} ms`);

  for (const { life, expired, longestMs, oldestAskMs, reportedMs } of lives.values()) {
    for (const call of expired ?? [])
      if (sleptThrough(lives.get(life), call)) overslept += 1;
      else failures.push(`life ${life}, awake, was given a token that had run out`);
    const longest = Math.max(longestMs ?? 0, oldestAskMs ? reportedMs - oldestAskMs : 0);
    if (longest > LONGEST_CALL_MS) failures.push(`a call in life ${life} took ${longest} ms`);
  }
  // Browsers themselves report a token endpoint's 400.
  const refused = requests.filter(({ isGranted }) => isGranted === false).length;
  const is400 = (text) => /status of 400/.test(text);
  failures.push(...complaints.filter((text) => !is400(text)).map((text) => `in a console: ${text}`));
  if (complaints.filter(is400).length > refused) failures.push("more 400s in consoles than refusals");
  failures.push(...leaks(shown, secrets));

  const granted = requests.filter(({ isGranted }) => isGranted).length;
  const once = new Set(requests.map(({ family, number }) => `${family}.${number}`)).size;
  return {
    failures,
    figures: {
      rotations: granted,
      requests: requests.length,
      "requests per refresh token": +(requests.length / once).toFixed(3),
      "sessions lost": lost.length,
      "re-sent by the browser": resent,
      "run out while their tab slept": overslept,
      calls: sum(lives, "asked"),
      "rejected after a loss": rejections.length,
      "longest call, ms": Math.max(...[...lives.values()].map(({ longestMs }) => longestMs ?? 0)),
      lives: lives.size,
      "freezes that pages noticed": sum(lives, "freezes"),
      ...deeds,
    },
    lost,
  };

  /** Why nobody may know what came of the request: its tab died before it could have stored the reply. */
  function whyUnknown({ life, arrivedMs, repliedMs }) {
    const { doomedMs, deadMs, how, pauses } = lives.get(life) ?? {};
    if (!how || arrivedMs > deadMs + STORED_MS) return null;
    if (repliedMs >= doomedMs) return `${how} with the request under way`;
    const asleepMs = pauses.reduce((ms, { fromMs, toMs }) => {
      return ms + Math.max(0, Math.min(toMs, doomedMs) - Math.max(fromMs, repliedMs));
    }, 0);
    const awakeMs = doomedMs - repliedMs - asleepMs;
    return awakeMs <= STORED_MS
      ? `${how} ${awakeMs} ms after the reply${asleepMs ? ", frozen before" : ""}`
      : null;
  }

  function described({ life, arrivedMs, repliedMs, status }) {
    const { how = "alive", doomedMs } = lives.get(life) ?? {};
    const end = doomedMs < Infinity ? `${how} ${doomedMs - arrivedMs} ms after` : how;
    return `life ${life} (${end}, reply ${status} after ${repliedMs - arrivedMs} ms)`;
  }
}

/** The tab was frozen or blocked between the call and its answer. */
const sleptThrough = ({ pauses }, { askedMs, settledMs }) =>
  pauses.some(({ fromMs, toMs }) => askedMs < toMs && settledMs > fromMs);

function* overlapping(requests, whyUnknown) {
  for (const [i, entry] of requests.entries()) {
    const before = requests[i - 1];
    if (before?.family === entry.family && entry.arrivedMs < before.repliedMs && !whyUnknown(before))
      yield `two token requests at once: ${entry.family}.${entry.number} and ${before.number}`;
  }
}

/** Whether eight characters in a row of a secret are in any of the texts; never says which. */
export function leaks(texts, secrets) {
  const pieces = new Map();
  for (const text of texts)
    for (let at = 0; at + PIECE <= text.length; at++) pieces.set(text.slice(at, at + PIECE), text);
  const found = new Set();
  for (const secret of secrets)
    for (let at = 0; at + PIECE <= secret.length; at++) {
      const text = pieces.get(secret.slice(at, at + PIECE));
      if (text !== undefined) found.add(`a secret is in what was shown: ${text.slice(0, 24)}…`);
    }
  return found;
}

const sum = (lives, name) => [...lives.values()].reduce((total, life) => total + (life[name] ?? 0), 0);
