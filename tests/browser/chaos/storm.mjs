// Tabs of one origin that share a session, and random actions of users and browsers on them.

import { setTimeout as delay } from "node:timers/promises";
import { startHub } from "./hub.mjs";
import { Session } from "./session.mjs";
import { startWire } from "./wire.mjs";

const SECONDS_PER_ROTATION = 8;
/** The share of the actions that hit the tab with an in-flight token request. */
const AIMED = 0.15;
const DEEDS = ["close", "close", "crash", "reload", "reload", "freeze", "busy", "show"];
const EMPTY_MS = 3000;
const STALLED_MS = 20_000;
const PATIENCE_MS = 15_000;

/** A host that lives reports so often. */
const HOST_SILENT_MS = 1500;

/** Runs until the server has rotated that often; returns all observations. `deeds`: what happens to the tabs. */
export async function storm({ engine, kind, tabs = 5, deeds = DEEDS, rotations, say }) {
  const wire = await startWire();
  const run = new Storm(wire, { tabs, deeds });
  const hub = await startHub({
    given: { kind, ...(/local|indexeddb/.test(kind) && { server: wire.provider }) },
    server: wire.provider,
    connectTo: wire.origin,
    born: (tab) => run.born(tab),
    reported: (report) => run.reported(report),
  });
  let browser;
  try {
    browser = await engine.launch({ heard: (level, text) => run.heard(level, text), say });
    await run.through(rotations, (tab, crashed) => browser.open(hub.url(tab), crashed));
  } finally {
    await browser?.close();
    await Promise.all([hub.close(), wire.close()]);
  }
  return { ...run.seen, ...wire, losses: run.session.losses, version: browser.version };
}

class Storm {
  session;
  seen = {
    lives: new Map(),
    rejections: [],
    complaints: [],
    shown: new Set(),
    history: [],
    deeds: {},
    stuck: [],
  };
  #wire;
  #plan;
  /** The tabs: each has a number for the address, a handle of the browser, and the life that was loaded last. */
  #slots = [];
  #lastTab = 0;
  #openTab;
  #isAsking = true;
  #crashedMs = 0;
  #requestArrived = () => {};

  constructor(wire, plan) {
    this.#wire = wire;
    this.#plan = plan;
    this.session = new Session(wire);
    wire.hear({
      arrived: (entry) => this.#requestArrived(entry),
      answered: (entry) => this.session.answered(entry),
    });
  }

  async through(rotations, openTab) {
    this.#openTab = openTab;
    for (let i = 0; i < this.#plan.tabs; i++) await this.#open((this.#slots[i] = {}));
    if (!(await this.#comes(() => this.session.isLive))) throw new Error("no tab could log in");
    const end = Date.now() + rotations * SECONDS_PER_ROTATION * 1000;
    while (this.#granted() < rotations && Date.now() < end && !this.#isStalled()) {
      await delay(100 + 400 * Math.random());
      await bounded(this.#deed());
    }
    if (this.#granted() < rotations)
      this.seen.stuck.push(`only ${this.#granted()} of ${rotations} rotations`);
    await this.#calm();
  }

  // --- reports of the tabs ----------------------------------------------------------------------------------------------

  born(tab) {
    const life = { life: this.seen.lives.size + 1, doomedMs: Infinity, deadMs: Infinity, pauses: [] };
    this.seen.lives.set(life.life, life);
    this.#slots.find((slot) => slot.tab === tab).life = life;
    return life.life;
  }

  async reported({ rejections, complaints, shown, history, ...figures }) {
    const { seen, session } = this;
    const life = seen.lives.get(figures.life) ?? this.#hostBorn(figures);
    Object.assign(life, figures, { reportedMs: Date.now() });
    for (const rejection of rejections) seen.rejections.push({ life: life.life, ...rejection });
    for (const complaint of complaints) seen.complaints.push(`life ${life.life}: ${complaint}`);
    for (const text of shown) seen.shown.add(text);
    for (const [ms, ...what] of history) seen.history.push([ms, life.life, ...what]);
    if (life.isHost) return {};
    session.begun(figures.loggedIn);
    const isAsking = this.#isAsking && session.login > 0;
    return { isAsking, busyMs: this.#keptBusy(life), ...(await session.orders(life)) };
  }

  #hostBorn({ life }) {
    const host = { life, isHost: true, doomedMs: Infinity, deadMs: Infinity, pauses: [] };
    this.seen.lives.set(life, host);
    return host;
  }

  heard(level, text) {
    this.seen.shown.add(text);
    if (level === "error") this.seen.complaints.push(text);
  }

  #keptBusy(life) {
    const { busyMs } = life;
    if (busyMs) life.pauses.push({ fromMs: Date.now(), toMs: Date.now() + busyMs + 100 });
    life.busyMs = undefined;
    return busyMs;
  }

  // --- actions on the tabs ----------------------------------------------------------------------------------------------

  async #deed() {
    const slot = Math.random() < AIMED ? await this.#sender() : oneOf(this.#slots);
    if (slot?.life?.doomedMs === Infinity) {
      const possible = slot.isFrozen ? ["close"] : this.#plan.deeds;
      const name = oneOf(possible.filter((name) => name === "busy" || slot.handle[name]));
      await this.#deeds[name](slot);
    }
    await this.#mend();
  }

  /** Opens tabs until there are as many as before. */
  async #mend() {
    for (const slot of this.#slots.filter((slot) => slot.isCrashed || isEmpty(slot))) {
      if (!slot.isCrashed) this.#count("reload that loaded nothing");
      await slot.handle.close().catch(() => {}); // it may be closed already
      await this.#open(slot);
    }
  }

  #deeds = {
    close: (slot) => this.#replace(slot, "close"),
    crash: (slot) => this.#replace(slot, "crash"),

    reload: async (slot) => {
      const life = this.#doom(slot.life, "reload");
      await slot.handle.reload();
      life.deadMs = Date.now();
    },

    freeze: async (slot) => {
      this.#count("freeze");
      const { life, handle } = slot;
      const pause = { fromMs: Date.now(), toMs: Infinity, isFreeze: true };
      life.pauses.push(pause);
      slot.isFrozen = true;
      await handle.freeze();
      slot.thawed = delay(500 + 2500 * Math.random()).then(async () => {
        if (life.doomedMs < Infinity) return;
        await handle.thaw();
        slot.isFrozen = false;
        pause.toMs = Date.now();
      });
      slot.thawed.catch((error) => this.seen.stuck.push(`a tab could not be thawed: ${error.message}`));
    },

    /** Brings the tab to the front, which hides another one. */
    show: async ({ handle }) => {
      this.#count("show");
      await handle.show();
    },

    /** Answers the tab's next report with that order. */
    busy: async ({ life }) => {
      this.#count("busy");
      life.busyMs = 300 + 1700 * Math.random();
    },
  };

  async #replace(slot, how) {
    const life = this.#doom(slot.life, how);
    if (how === "crash") this.#crashedMs = Date.now();
    await slot.handle[how]();
    life.deadMs = Date.now();
    await delay(300 * Math.random());
    await this.#open(slot);
  }

  async #open(slot) {
    Object.assign(slot, { tab: ++this.#lastTab, life: undefined, isFrozen: false, isCrashed: false });
    const { tab } = slot;
    slot.handle = await this.#openTab(tab, () => slot.tab === tab && this.#crashed(slot));
  }

  /** Tabs may share a renderer; then they crash together. */
  #crashed(slot) {
    if (slot.life?.doomedMs < Infinity) return;
    slot.isCrashed = true;
    if (slot.life) this.#doom(slot.life, "crash of a neighbour", this.#crashedMs).deadMs = Date.now();
  }

  #doom(life, how, doomedMs = Date.now()) {
    this.#count(how);
    return Object.assign(life, { how, doomedMs });
  }

  #count(deed) {
    this.seen.deeds[deed] = (this.seen.deeds[deed] ?? 0) + 1;
  }

  /** Waits for a tab with an in-flight token request. */
  async #sender() {
    const entry = await Promise.race([
      new Promise((arrived) => (this.#requestArrived = arrived)),
      delay(3000),
    ]);
    await delay(100 * Math.random());
    const isAwake = ({ isFrozen }) => !isFrozen;
    if (this.seen.lives.get(entry?.life)?.isHost) return oneOf(this.#slots.filter(isAwake));
    return entry && this.#slots.find((slot) => slot.life?.life === entry.life && isAwake(slot));
  }

  /** Tabs ask all the time, so without requests the storm has stalled, unless there is no session. */
  #isStalled() {
    return Date.now() - (this.#wire.requests.at(-1)?.arrivedMs ?? Infinity) > STALLED_MS;
  }

  #granted() {
    return this.#wire.requests.filter(({ isGranted }) => isGranted).length;
  }

  // --- the end ----------------------------------------------------------------------------------------------------------

  /** Waits until no tab has a pending call. */
  async #calm() {
    const { stuck } = this.seen;
    await delay(EMPTY_MS);
    await this.#mend();
    await Promise.all(this.#slots.map(({ thawed }) => thawed));
    if (!(await this.#comes(() => this.session.isLive))) stuck.push("no tab could log in again");
    this.#isAsking = false;
    const stoppedMs = Date.now();
    for (const { life } of this.#slots) {
      const isCalm = () => life?.waiting === 0 && life.reportedMs > stoppedMs + 1500;
      if (await this.#comes(isCalm)) continue;
      const silentMs = Date.now() - life?.reportedMs;
      stuck.push(
        `life ${life?.life}: ${life?.waiting} calls wait, and nothing was heard of it for ${silentMs} ms`,
      );
    }
    this.#buryHosts();
  }

  /** A host that went silent is gone since its last report. It goes with the tab whose process it shared, or by the browser's will. */
  #buryHosts() {
    const lives = [...this.seen.lives.values()];
    for (const host of lives.filter(({ isHost }) => isHost)) {
      const { reportedMs } = host;
      if (Date.now() - reportedMs < HOST_SILENT_MS) continue;
      const crash = lives.find(
        ({ how, doomedMs }) => how?.startsWith("crash") && Math.abs(doomedMs - reportedMs) < HOST_SILENT_MS,
      );
      const how = crash ? "the worker crashed with a tab" : "the worker was ended by the browser";
      Object.assign(host, { how, doomedMs: reportedMs, deadMs: reportedMs });
    }
  }

  async #comes(isSo) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await delay(50)) if (isSo()) return true;
    return false;
  }
}

/** WebKit's driver sometimes answers a reload without loading the page. */
const isEmpty = ({ life }) => Date.now() - (life?.deadMs ?? Infinity) > EMPTY_MS;

async function bounded(work) {
  const late = Symbol("late");
  const outcome = await Promise.race([work, delay(30_000, late, { ref: false })]);
  if (outcome === late) throw new Error("a browser command took longer than 30 s");
}

const oneOf = (choices) => choices[Math.floor(choices.length * Math.random())];
