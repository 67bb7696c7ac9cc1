// Faults of a network or a server, applied to token requests in order:
//   faults.next = "lose-reply"                     the next token request
//   faults.next = ["500-before", "hang"]           the next two
//   faults.next = { name: "slow", delayMs: 300 }   with its own figure
//   faults.always = "503"                          every one, until it is null again
// "Before" faults come before the server's logic: no refresh token is spent. "After" faults come after it was spent.

import { allowPages, readBody, respond } from "./wire.mjs";

const before = {
  "close-before": (res) => res.socket.destroy(),
  "500-before": (res) => respond(res, 500, { error: "server_error" }),
  503: (res) => respond(res, 503, { error: "temporarily_unavailable" }, { "Retry-After": "1" }),
  429: (res) => respond(res, 429, { error: "slow_down" }, { "Retry-After": "1" }),
  hang: () => {},
  html: (res) => respond(res, 200, PORTAL, { "Content-Type": "text/html" }),
  "html-502": (res) => respond(res, 502, PORTAL, { "Content-Type": "text/html" }),
  empty: (res) => respond(res, 200, ""),
  huge: (res) => respond(res, 200, JSON.stringify({ access_token: "x".repeat(5 * 1024 * 1024) })),
  "no-access-token": (res) => respond(res, 200, { token_type: "Bearer", expires_in: 3600 }),
  redirect: (res) => respond(res, 307, "", { Location: "/redirected" }),
};

const after = {
  "lose-reply": (res) => res.socket.destroy(),
  "500-after": (res, body, end) => instead(res, end, 500, JSON.stringify({ error: "server_error" })),
  "hang-after": () => {},
  truncate: (res, body, end) => {
    res.setHeader("Content-Length", Buffer.byteLength(body));
    res.write(body.slice(0, body.length / 2), () => res.socket?.destroy());
  },
  slow: (res, body, end, { delayMs = 500 }) => setTimeout(() => end(body), delayMs),
};

const PORTAL = "<!doctype html><title>Sign in to the network</title><p>Welcome to the airport.";

export const faultNames = [...Object.keys(before), ...Object.keys(after)];

export function faultPlan() {
  let next = [];
  let always = null;
  return {
    get next() {
      return [...next];
    },
    set next(faults) {
      next = [faults ?? []].flat().map(known);
    },
    get always() {
      return always;
    },
    set always(fault) {
      always = fault == null ? null : known(fault);
    },
    take: () => next.shift() ?? always,
  };
}

/** The status of a fault's reply; null without a reply. */
export const sentStatus = (res) => (res.writableEnded ? res.statusCode : null);

/** Runs `handle` with the fault of `take()`, or without one if that is null. */
export async function underFault(fault, req, res, handle) {
  if (fault && fault.name in before) {
    await readBody(req);
    allowPages(res);
    return before[fault.name](res);
  }
  if (fault) {
    const end = res.end.bind(res);
    res.end = (body = "") => {
      res.end = end;
      after[fault.name](res, String(body), end, fault);
      return res;
    };
  }
  return handle();
}

function known(fault) {
  const plan = typeof fault === "object" ? fault : { name: String(fault) };
  if (faultNames.includes(plan.name)) return plan;
  throw new TypeError(`unknown fault ${plan.name}; write one of ${faultNames.join(", ")}`);
}

function instead(res, end, status, body) {
  res.statusCode = status;
  res.removeHeader("Content-Length");
  end(body);
}
