// The Worker of vault.test.mjs and plain.test.mjs: each path is one thing a user's Worker does, answered as JSON.

import { env } from "cloudflare:workers";
import { createRefresher } from "oauth-refresher";
import { durableObjectStorage, TokenVault } from "oauth-refresher/cloudflare";

/** What a test let pass beyond the time that did. */
let passedMs = 0;
for (const clock of [Date, performance]) {
  const now = clock.now.bind(clock);
  clock.now = () => now() + passedMs;
}

/** What the vaults asked of their storage in the unit that is billed: a row for each key, and one for each alarm that is set. */
let rows = { read: 0, written: 0 };
const KINDS = { get: "read", put: "written", delete: "written", setAlarm: "written" };

function countRows(storage) {
  for (const [name, kind] of Object.entries(KINDS)) {
    const own = storage[name];
    if (own) storage[name] = (...given) => (rows[kind]++, own.apply(storage, given));
  }
  return storage;
}

export class Vault extends TokenVault {
  heard = [];

  constructor(ctx, env) {
    super(ctx, env);
    const { transaction } = countRows(ctx.storage);
    ctx.storage.transaction = (work) =>
      transaction.call(ctx.storage, (inside) => {
        countRows(inside);
        return work(inside);
      });
  }

  startCounting() {
    rows = { read: 0, written: 0 };
  }

  counted() {
    return { ...rows, bytes: this.ctx.storage.sql.databaseSize };
  }

  options(env, name) {
    return { ...env.OIDC, ...env.OPTIONS, origins: env.ORIGINS, ...this.hooks(name) };
  }

  /** `name` is `user`, or `user:STEP`: evicted when the refresh comes to that step, once. */
  hooks(name) {
    const step = name.split(":")[1];
    if (!step) return {};
    const evicted = (at) => at === step && this.evictedOnce();
    const own = durableObjectStorage(this.ctx.storage);
    return {
      storage: {
        ...own,
        load: async () => (await evicted("load"), own.load()),
        save: async (record, expected) => {
          const kind = record?.pending ? "mark" : "result";
          await evicted(`before-${kind}`);
          const written = await own.save(record, expected);
          await evicted(`after-${kind}`);
          return written;
        },
      },
      fetch: async (...call) => {
        await evicted("before-request");
        const response = await fetch(...call);
        await evicted("after-reply");
        return response;
      },
    };
  }

  async evictedOnce() {
    if ((await this.ctx.storage.get("evict")) !== true) return;
    await this.ctx.storage.put("evict", false);
    await this.ctx.storage.sync();
    this.ctx.abort("evicted by the test");
    await new Promise(() => {});
  }

  async armEviction() {
    await this.ctx.storage.put("evict", true);
  }

  async expire() {
    const record = await this.ctx.storage.get("oauth-refresher");
    delete record.tokens.expires_in;
    record.tokens.expires_at = 1;
    record.generation++;
    await this.ctx.storage.put("oauth-refresher", record);
  }

  record() {
    return this.ctx.storage.get("oauth-refresher");
  }

  alarmAt() {
    return this.ctx.storage.getAlarm();
  }

  /** The time until the alarm passes, and it rings; says how long that was. */
  async untilAlarm() {
    const ms = (await this.ctx.storage.getAlarm()) - Date.now();
    passedMs += ms;
    await this.ctx.storage.deleteAlarm();
    await this.alarm();
    return ms;
  }

  /** Between two refreshes, so that no reply dies with it, nor a write that is not on disk yet. */
  async crash() {
    while ((await this.record())?.pending) await new Promise((resolve) => setTimeout(resolve, 5));
    await this.ctx.storage.sync();
    this.ctx.abort("crashed by the test");
  }

  async tokenChanged(tokens, source) {
    if (this.ctx.id.name.endsWith(":slow-listener")) await scheduler.wait(300);
    this.heard.push(source);
  }

  /** What was heard when the platform would take the alarm for done: after that it may evict the object. */
  async heardWhenRung() {
    await this.alarm();
    return [...this.heard];
  }

  /** What the storage of an object answers to writes that name a generation. */
  async writes(...asked) {
    const storage = durableObjectStorage(this.ctx.storage);
    const answers = [];
    for (const [generation, expected] of asked) {
      const record = generation === null ? null : { format: 1, generation, tokens: {}, obtained_at: 1 };
      const written = await storage.save(record, expected);
      answers.push([written, (await storage.load())?.generation ?? null]);
    }
    return answers;
  }

  changes() {
    return this.heard;
  }

  nothing() {
    return "";
  }
}

/** A vault with nothing of its own but what the package asks for. */
export class BareVault extends TokenVault {
  options(env) {
    return { ...env.OIDC, client_secret: "the-secret-of-a-client", clientAuth: "client_secret_post" };
  }

  tokenChanged() {}
}

/** Every name on the prototypes of a vault, and what a stub answers for it. */
async function surface() {
  const names = new Set();
  for (let one = BareVault.prototype; one && one !== Object.prototype; one = Object.getPrototypeOf(one))
    for (const name of Reflect.ownKeys(one)) names.add(String(name));
  const stub = env.BARE.getByName("surface");
  const answers = {};
  // what every object has is the stub's own, and no call
  for (const name of [...names, "ctx", "env"].filter((name) => !(name in Object.prototype)))
    answers[name] = await asked(async () => typeof (await stub[name]));
  answers["options()"] = await asked(() => stub.options(env, "surface"));
  answers["tokenChanged()"] = await asked(() => stub.tokenChanged(null, "login"));
  return answers;
}

const asked = (ask) =>
  ask().then(
    (answer) => ({ answer: answer ?? null }),
    (error) => ({ error: String(error) }),
  );

// Of the isolate, shared by its requests.
let shared;
const warned = [];
const { warn } = console;
console.warn = (...text) => (warned.push(text.join(" ")), warn(...text));

/** Requests whose client hung up. */
let cancelled = 0;

const actions = {
  surface,

  cancelled: async () => cancelled,

  /** A request that answers before it has its token (`giveUpMs`) cancels all that it began, except what waitUntil keeps. */
  async shared({ tokens, giveUpMs, timeoutSeconds, deaf }) {
    shared ??= createRefresher({
      ...env.OIDC,
      tokens,
      timeoutSeconds: 2,
      ...(deaf && { waitUntil: () => {} }),
    });
    const token = shared.getAccessToken({ timeoutSeconds }).then((access_token) => ({ access_token }));
    token.catch(() => {});
    return giveUpMs === undefined ? token : Promise.race([token, scheduler.wait(giveUpMs)]);
  },

  async kv({ tokens, reuse }) {
    let stored = null;
    const storage = { load: async () => stored, save: async (record) => void (stored = record) };
    const before = warned.length;
    const refresher = createRefresher({ ...env.OIDC, storage, tokens, ...(reuse && { reuse }) });
    createRefresher({ ...env.OIDC, storage });
    const told = warned.slice(before);
    try {
      await refresher.getAccessToken();
      return { told, ok: true };
    } catch ({ code, error_description, refreshTokenState }) {
      return { told, code, error_description, refreshTokenState, stored: stored?.tokens.refresh_token };
    }
  },
};

export default {
  async fetch(request) {
    const [kind, ...rest] = new URL(request.url).pathname.slice(1).split("/");
    request.signal.addEventListener("abort", () => cancelled++);
    const input = request.method === "POST" ? await request.json() : {};
    try {
      if (kind !== "vault") return Response.json((await actions[kind](input)) ?? null);
      const [name, method] = rest;
      const stub = env.VAULT.getByName(decodeURIComponent(name));
      if (method === "fetch") return await stub.fetch(input.url, input.init);
      return Response.json({ value: await stub[method](...(input.given ?? [])) });
    } catch (error) {
      return Response.json({ threw: String(error), code: error?.code }, { status: 500 });
    }
  },
};
