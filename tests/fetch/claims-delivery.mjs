// What is sent to which origin, and what is returned, while the token is valid.

import { delay, equal, ok, reason } from "./world.mjs";

/** A request as text, without the parts that differ in every request. */
const described = ({ method, path, search, headers, sha256, length }) => {
  const { "content-type": type, host, "cf-connecting-ip": _, ...others } = headers;
  return { method, path, search, others, sha256, length, type: type?.replace(/boundary=.*/, "boundary") };
};

/** Forms of one request: each arrives as plain fetch would send it. */
const manners = {
  "a string": (url) => [url],
  "a URL": (url) => [new URL(url)],
  "a Request": (url) => [new Request(url, { headers: { "x-a": "1" } })],
  "a query": (url) => [`${url}?a=1&b=%20`],
  "a method and a string": (url) => [url, { method: "POST", body: "text" }],
  "a method in lower case": (url) => [url, { method: "put", body: "text" }],
  "a method without a body": (url) => [url, { method: "DELETE" }],
  "headers as an object": (url) => [url, { headers: { Accept: "text/x-a", "X-B": "2" } }],
  "headers as pairs": (url) => [
    url,
    {
      headers: [
        ["X-B", "2"],
        ["x-b", "3"],
      ],
    },
  ],
  "headers as Headers": (url) => [url, { headers: new Headers({ "x-c": "3" }) }],
  "a Request and more": (url) => [
    new Request(url, { method: "POST", body: "first", headers: { "x-a": "1" } }),
    { headers: { "x-d": "4" } },
  ],
  "a Request and another body": (url) => [
    new Request(url, { method: "POST", body: "first" }),
    { body: "second" },
  ],
  "a URL and a Request": (url) => [
    url,
    new Request("http://127.0.0.1:1/", { method: "POST", body: "b", headers: { "x-e": "5" } }),
  ],
  "an empty init": (url) => [url, {}],
  "null for an init": (url) => [url, null],
  "what an init inherits": (url) => [url, Object.create({ method: "PUT", body: "inherited" })],
};

export const delivery = {
  async "every form of a request arrives as plain fetch would send it"({ session }) {
    for (const [manner, say] of Object.entries(manners)) {
      const { refresher, open, log } = await session();
      const plain = await fetch(...say(open("way"))).catch((error) => error);
      if (plain instanceof Error) {
        // Chromium sends the stream of a Request over HTTP/2 only
        equal((await reason(refresher.fetch(...say(open("way"))))).name, plain.name, manner);
        continue;
      }
      await plain.arrayBuffer();
      await (await refresher.fetch(...say(open("way")))).arrayBuffer();
      const { calls, tokens } = await log();
      equal(calls.length, 2, manner);
      equal(described(calls[1]), described(calls[0]), manner);
      equal([calls[0].token, calls[1].token, calls[1].scheme, tokens], [null, 1, "Bearer", 0], manner);
    }
  },

  async "the result is the Response of fetch itself"({ session }) {
    let given;
    const send = async (...call) => (given = await globalThis.fetch(...call));
    const { refresher, url } = await session({ fetch: send });
    const response = await refresher.fetch(url("same"));
    ok(response === given, "the response is handed on as it is");
    equal([response.status, await response.json()], [200, { ok: true, length: 0 }]);
  },

  async "refresher.fetch works without its this"({ session }) {
    const { refresher, url } = await session();
    const { fetch } = refresher;
    equal((await fetch(url("bare"))).status, 200);
  },

  async "the token replaces the caller's Authorization header"({ session }) {
    const { refresher, url, tokensSeen } = await session();
    await refresher.fetch(url("own"), { headers: { authorization: "Bearer at-9-other" } });
    equal(await tokensSeen(), [1]);
  },

  async "an unlisted origin gets no token, and the error names it"({ session, otherOrigin }) {
    const { refresher, elsewhere, log } = await session();
    const others = [
      elsewhere.url("x"),
      new Request(elsewhere.url("x")),
      new URL(elsewhere.url("x")),
      otherOrigin.replace("http", "https"),
      otherOrigin.replace("127.0.0.1", "localhost"),
      otherOrigin.replace("127.0.0.1", "127.0.0.1.example"),
    ];
    for (const other of others) {
      const error = await reason(refresher.fetch(other));
      equal(error.name, "TypeError");
      ok(error.message.includes(new URL(other.url ?? other).origin), "names the origin");
      ok(error.message.includes("origins"), "names the option");
    }
    equal([(await log()).tokens, (await elsewhere.log()).calls], [0, []]);
  },

  async "a URL without an http origin gets no token"({ session, apiOrigin }) {
    const { refresher } = await session();
    for (const url of [`blob:${apiOrigin}/b2c4`, "data:text/plain,x"])
      equal((await reason(refresher.fetch(url))).name, "TypeError", url);
  },

  async "without origins no request carries the token"({ session }) {
    const { refresher, url, tokensSeen } = await session({ origins: undefined });
    equal((await reason(refresher.fetch(url("x")))).name, "TypeError");
    equal(await tokensSeen(), []);
  },

  async "the token is never in a URL"({ session }) {
    const { refresher, url, log, tokens } = await session();
    await refresher.fetch(url("a?b=c"));
    await refresher.fetch(url(`r?status=302&to=${encodeURIComponent(url("end"))}`));
    const { calls } = await log();
    ok(
      calls.every(({ path, search }) => !`${path}${search}`.includes(tokens.access_token.slice(5, 13))),
      "an address holds a piece of the token",
    );
  },

  async "a redirect within the origin is followed with the token"({ session }) {
    for (const status of [301, 302, 303, 307, 308]) {
      const { refresher, url, log } = await session();
      const response = await refresher.fetch(url(`r?status=${status}&to=${encodeURIComponent(url("end"))}`));
      equal([response.status, response.redirected, response.url], [200, true, url("end")], status);
      const { calls, tokens } = await log();
      equal([calls.map(({ path, token }) => [path, token]), tokens], [[["r", 1], ["end", 1]], 0], status); // prettier-ignore
    }
  },

  async "a redirect changes method and body as plain fetch does"({ session }) {
    for (const status of [301, 302, 303, 307, 308])
      for (const method of ["POST", "PUT", "DELETE"])
        for (const wrap of [(...call) => call, (...call) => [new Request(...call)]]) {
          const { refresher, open, log } = await session();
          const target = open(`r?status=${status}&to=${encodeURIComponent(open("end"))}`);
          const headers = { "content-type": "text/x-a", "content-language": "la" };
          const init = { method, headers, ...(method != "DELETE" && { body: "bytes" }) };
          await (await fetch(...wrap(target, init))).arrayBuffer();
          await (await refresher.fetch(...wrap(target, init))).arrayBuffer();
          const { calls } = await log();
          equal(calls.length, 4, `${status} ${method}`);
          equal(described(calls[2]), described(calls[0]), `${status} ${method}`);
          equal(described(calls[3]), described(calls[1]), `${status} ${method}`);
        }
  },

  async "a redirect to another origin drops the token"({ session }) {
    for (const status of [301, 302, 303, 307, 308]) {
      const { refresher, url, elsewhere, log } = await session();
      const away = url(`r?status=${status}&to=${encodeURIComponent(elsewhere.open("end"))}`);
      for (const call of [[away], [new Request(away)], [away, { method: "POST", body: "bytes" }]])
        equal((await refresher.fetch(...call)).status, 200, `${status}`);
      const { calls } = await elsewhere.log();
      equal(
        calls.map(({ token, headers }) => [token, headers.authorization ?? null]),
        Array(3).fill([null, null]),
      );
      equal((await log()).tokens, 0);
    }
  },

  async "a redirect through another origin and back stays without the token"({ session }) {
    const { refresher, url, open, elsewhere, tokensSeen } = await session();
    const back = elsewhere.open(`r?status=302&to=${encodeURIComponent(open("end"))}`);
    await refresher.fetch(url(`r?status=302&to=${encodeURIComponent(back)}`));
    equal(await tokensSeen(), [1, null]);
    equal(await elsewhere.tokensSeen(), [null]);
  },

  async "a 401 of another origin after a redirect does not refuse the token"({ session }) {
    const { refresher, url, elsewhere, log } = await session();
    const away = url(`r?status=302&to=${encodeURIComponent(elsewhere.url("private"))}`);
    equal((await refresher.fetch(away)).status, 401);
    const { tokens, calls } = await log();
    equal([tokens, calls.length], [0, 1]);
  },

  async "redirect error and manual are respected"({ session }) {
    const { refresher, url, log } = await session();
    const there = url(`r?status=302&to=${encodeURIComponent(url("end"))}`);
    for (const call of [[there, { redirect: "manual" }], [new Request(there, { redirect: "manual" })]]) {
      const response = await refresher.fetch(...call);
      ok(response.type === "opaqueredirect" || response.status === 302, "the redirect itself");
    }
    let cannot;
    try {
      new Request(there, { redirect: "error" });
    } catch (error) {
      cannot = error;
    }
    if (!cannot) await reason(refresher.fetch(there, { redirect: "error" }));
    equal(new Set((await log()).calls.map(({ path }) => path)).size, 1);
  },

  async "a call that is already aborted sends nothing"({ session }) {
    const { refresher, url, log } = await session();
    const why = new Error("changed my mind");
    const signal = AbortSignal.abort(why);
    for (const call of [[url("x"), { signal }], [new Request(url("x"), { signal })]]) {
      const given = await reason(refresher.fetch(...call));
      ok(given === why || given.message === why.message, `the caller's own reason, not ${given}`);
    }
    equal((await log()).calls, []);
  },

  async "an abort rejects the call as it rejects fetch"({ session }) {
    const { refresher, url } = await session();
    const control = new AbortController();
    const waiting = reason(refresher.fetch(url("slow?delayMs=2000"), { signal: control.signal }));
    await delay(100);
    const begun = Date.now();
    control.abort();
    equal((await waiting).name, "AbortError");
    ok(Date.now() - begun < 1500, "at once");
  },

  async "an abort during the refresh ends that call only"({ session }) {
    const { refresher, url, tell, log } = await session();
    await tell({ dead: true, tokenDelayMs: 400 });
    const control = new AbortController();
    const why = new Error("changed my mind");
    const waiting = reason(refresher.fetch(url("x"), { signal: control.signal }));
    const other = refresher.fetch(url("y"));
    await delay(200);
    control.abort(why);
    const given = await waiting;
    ok(given === why || given.message === why.message, `the caller's own reason, not ${given}`);
    equal([(await other).status, (await log()).tokens], [200, 1]);
  },

  async "credentials, cache and keepalive are passed to fetch unchanged"({ session }) {
    const seen = [];
    const send = (input, init) => (seen.push({ input, init }), globalThis.fetch(input, init));
    const { refresher, url } = await session({ fetch: send });
    const extra = {
      priority: "high",
      window: null,
      cf: { cacheTtl: 1 },
      dispatcher: undefined,
      next: { tags: [] },
    };
    await refresher.fetch(url("x"), extra);
    const { headers, ...others } = seen.at(-1).init;
    // workerd's fetch sends the token along a redirect, so redirects are followed manually there
    const { redirect, ...asGiven } = others;
    ok(
      redirect === undefined || (redirect === "manual" && !globalThis.process?.versions),
      "no redirect of ours",
    );
    equal(asGiven, extra);
    equal(String(seen.at(-1).input), url("x"));
  },
};
