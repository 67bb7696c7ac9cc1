// Which bodies are sent a second time byte for byte, which are not, and the cost.

import { equal, ok } from "./world.mjs";

const MEGABYTE = 1024 * 1024;
const bytes = (length) => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

/** Repeatable bodies. */
const repeatable = {
  "a string": () => "text, ünïcode ✓",
  "an empty string": () => "",
  "a Uint8Array": () => bytes(5000),
  "a part of a buffer": () => bytes(5000).subarray(100, 4000),
  "a DataView": () => new DataView(bytes(64).buffer, 8, 32),
  "an ArrayBuffer": () => bytes(3000).buffer,
  "a Blob": () => new Blob([bytes(2000)], { type: "image/x-a" }),
  "a File": () => new File([bytes(100)], "name.bin", { type: "application/x-b" }),
  "a URLSearchParams": () => new URLSearchParams({ a: "1 2", b: "ü&=" }),
  "a FormData": () => {
    const form = new FormData();
    form.append("field", "value");
    form.append("file", new File([bytes(300)], "name.bin"));
    return form;
  },
  "a megabyte": () => bytes(MEGABYTE),
};

/** Without the multipart boundary, which may differ in each request. */
const content = ({ headers, length, sha256, text = "" }) => {
  const boundary = /boundary=(.*)/.exec(headers["content-type"])?.[1];
  return boundary ? text.replaceAll(boundary, "") : [length, sha256, headers["content-type"]];
};

function oneShot() {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent++ === 3) return controller.close();
      controller.enqueue(new TextEncoder().encode("chunk"));
    },
  });
}

/** Chromium sends streams over HTTP/2 only, Firefox and WebKit not at all. */
const sendsStreams = () => !globalThis.document;

export const bodies = {
  async "a repeatable body is sent again byte for byte"({ session }) {
    for (const [kind, make] of Object.entries(repeatable))
      for (const wrap of [(...call) => call, (...call) => [new Request(...call)]]) {
        const { refresher, url, tell, log } = await session();
        await tell({ dead: true });
        const response = await refresher.fetch(...wrap(url("x"), { method: "POST", body: make() }));
        equal(response.status, 200, kind);
        const { tokens, calls } = await log();
        equal([tokens, calls.map(({ token }) => token)], [1, [1, 2]], kind);
        equal(content(calls[1]), content(calls[0]), kind);
        const plain = await session();
        await fetch(...wrap(plain.open("x"), { method: "POST", body: make() }));
        equal(content(calls[1]), content((await plain.log()).calls[0]), kind);
      }
  },

  async "a stream is sent once, and its 401 is returned unread after the refresh"({ session }) {
    if (!sendsStreams()) return "skipped: no streams over HTTP/1 in browsers";
    const { refresher, url, tell, log } = await session();
    await tell({ dead: true });
    const init = { method: "POST", body: oneShot(), duplex: "half" };
    const response = await refresher.fetch(url("x"), init);
    equal([response.status, response.bodyUsed, await response.json()], [401, false, { refused: true }]);
    const { tokens, calls } = await log();
    equal([tokens, calls.map(({ length }) => length)], [1, [15]], "the next call has the new token");
    equal((await refresher.fetch(url("x"), { ...init, body: oneShot() })).status, 200);
  },

  async "a Request made from a stream is sent again"({ session }) {
    if (!sendsStreams()) return "skipped: no streams over HTTP/1 in browsers";
    const { refresher, url, tell, log } = await session();
    await tell({ dead: true });
    const request = new Request(url("x"), { method: "POST", body: oneShot(), duplex: "half" });
    equal((await refresher.fetch(request)).status, 200);
    equal(
      (await log()).calls.map(({ length }) => length),
      [15, 15],
    );
    // Bun does not mark a Request that another one was made from.
    const source = new Request(url("x"), { method: "POST", body: oneShot(), duplex: "half" });
    new Request(source);
    equal(request.bodyUsed, source.bodyUsed, "as a Request of it leaves it");
  },

  async "a body that fetch accepts twice is not copied"({ session }) {
    const given = [];
    const send = (input, init) => (given.push(init?.body), globalThis.fetch(input, init));
    for (const [kind, make] of Object.entries(repeatable)) {
      const { refresher, url, tell } = await session({ fetch: send });
      await tell({ dead: true });
      given.length = 0;
      const body = make();
      await refresher.fetch(url("x"), { method: "POST", body });
      // the token request is between the two
      ok(given[0] === body && given.at(-1) === body, `${kind} went as it was`);
    }
  },

  async "a response is not cloned"({ session }) {
    const { refresher, url } = await session();
    const { clone } = Response.prototype;
    let clones = 0;
    Response.prototype.clone = function () {
      clones++;
      return clone.call(this);
    };
    try {
      await (await refresher.fetch(url("x"))).arrayBuffer();
    } finally {
      Response.prototype.clone = clone;
    }
    equal(clones, 0);
  },
};
