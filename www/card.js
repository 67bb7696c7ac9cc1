// One session on the page: its refresher, its timeline, its controls.

import { createRefresher } from "oauth-refresher";
import * as providers from "oauth-refresher/providers";
import { indexedDbStorage, webStorage } from "oauth-refresher/storage";
import { optionsFor } from "./sessions.js";
import { createTimeline } from "./timeline.js";
import { aboutSession, changeInWords, errorInWords, isExpected, STATES } from "./words.js";

const deviceNow = () => Date.now() / 1000;

/** `say(label, text, loud)` writes to the page's log; loud: what a screen reader says. */
export function createCard({ session, run, device, say }) {
  const { storage, where } = storageFor(session.name, run);
  const refresher = createRefresher({
    ...optionsFor(session, providers),
    storage,
    background: "always", // a tab behind another one lives too
    fetch: device.fetch,
  });
  const card = document.getElementById("card").content.cloneNode(true).querySelector(".card");
  const $ = (selector) => card.querySelector(selector);
  const counted = { here: 0, peers: 0 };
  const shown = {};

  card.dataset.session = session.name;
  $("h2").textContent = session.label;
  $(".about").textContent = aboutSession(session, where);
  card.setAttribute("aria-label", session.label);
  $(".timeline").setAttribute("aria-label", `${session.label}: no access token yet`);
  $(".controls").setAttribute("aria-label", session.label);
  $(".trouble").setAttribute("aria-label", `Trouble for ${session.label}`);
  document.getElementById("sessions").append(card);
  const timeline = createTimeline($(".timeline"), deviceNow);

  refresher.addEventListener("token-changed", ({ detail }) => changed(detail));
  refresher.addEventListener("refresh-failed", ({ detail }) => failed(detail.error));
  refresher.addEventListener("session-ended", ({ detail }) => failed(detail.error));
  refresher.addEventListener("storage-failed", ({ detail }) => failed(detail.error));

  for (const button of card.querySelectorAll("button")) {
    button.addEventListener("click", () => perform(button));
  }

  function changed(change) {
    const { tokens, source, generation } = change;
    const sentence = changeInWords(change, tokens?.expires_at && tokens.expires_at - deviceNow());
    if (tokens) {
      timeline.token({ source, title: sentence, expiresAt: tokens.expires_at });
    } else {
      timeline.end(sentence);
    }
    if (source === "refresh") counted.here += 1;
    if (source === "peer") counted.peers += 1;
    $(".timeline").setAttribute("aria-label", `${session.label}: ${sentence}`);
    card.dataset.generation = tokens ? String(generation) : "";
    figure("here", counted.here);
    figure("peers", counted.peers);
    last(sentence);
    say(session.label, sentence, !tokens);
    void readLog();
  }

  /** No event tells of what was there before. */
  function found(tokens) {
    const title = changeInWords({ tokens, source: "stored" });
    timeline.token({ source: "stored", title, expiresAt: tokens.expires_at });
    last(title);
  }

  function failed(error) {
    const sentence = errorInWords(error);
    const tone = isExpected(error) ? "unsure" : "bad";
    timeline.mark(tone, sentence);
    last(sentence, tone);
    say(session.label, sentence, true);
    void readLog();
  }

  const actions = {
    async call() {
      const { status } = await refresher.fetch(session.resource).catch((error) => {
        if (error.code) throw error;
        throw new Error("the API is out of reach"); // fetch's own words for it differ from browser to browser
      });
      timeline.mark(status === 200 ? "ok" : "bad", `API call: ${status}`);
      void readLog();
      return `the API answered ${status}`;
    },
    async refresh() {
      await refresher.refresh();
    },
    async signOut() {
      await refresher.signOut({ revoke: Boolean(session.revocation_endpoint) });
    },
    async logIn() {
      const reply = await device.fetch(`/session/${session.name}/login`);
      await refresher.setTokens(await reply.json());
    },
    async lose() {
      // Cut short, not cut off: Chromium sends a request again by itself when an old connection ends without a reply.
      await control("fault", { name: "truncate" });
      return "the reply to the next token request will be lost on the way";
    },
    async reject() {
      await control("reject");
      return "the API refuses the access tokens given out so far: call it";
    },
    async end() {
      await control("end");
      return "the server has forgotten this session: it ends at the next refresh";
    },
  };

  async function perform(button) {
    try {
      const sentence = await actions[button.dataset.do]();
      if (!sentence) return;
      last(sentence);
      say(session.label, sentence, true);
    } catch (error) {
      const sentence = errorInWords(error);
      if ($(".last").textContent === sentence) return; // an event has said it
      const tone = isExpected(error) ? "unsure" : "bad";
      timeline.mark(tone, sentence);
      last(sentence, tone);
      say(session.label, sentence, true);
    }
  }

  async function control(action, body = {}) {
    const path = `/session/${session.name}/${action}`;
    const init = {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    };
    const reply = await fetch(path, init);
    if (!reply.ok) throw new Error((await reply.json()).message);
  }

  async function readLog() {
    const reply = await fetch(`/session/${session.name}/log`).catch(() => null);
    if (!reply?.ok) return;
    const { tokenRequests, callsRefused } = await reply.json();
    figure("requests", tokenRequests);
    figure("refused", callsRefused);
  }

  function figure(name, value) {
    $(`[data-figure="${name}"]`).textContent = value;
  }

  function last(sentence, tone = "") {
    $(".last").textContent = sentence;
    $(".last").dataset.tone = tone;
  }

  /** Writes only what is different: this runs at every frame. */
  function show(name, value, write) {
    if (shown[name] === value) return;
    shown[name] = value;
    write(value);
  }

  return {
    session,
    timeline,
    control,

    /** Takes up what is stored; the first tab of a run logs in. */
    async begin() {
      const entered = `demo:${run}:${session.name}:entered`;
      void readLog();
      await navigator.locks.request(entered, async () => {
        try {
          const tokens = await refresher.getTokens({ minValiditySeconds: 0 });
          if (!card.querySelector(".bar")) found(tokens);
        } catch (error) {
          if (error.code !== "signed_out") throw error;
          if (!localStorage.getItem(entered)) await actions.logIn();
          localStorage.setItem(entered, "yes");
        }
      });
    },

    draw() {
      timeline.draw();
      const { state, tokens } = refresher;
      const isAlive = state === "active" || state === "refreshing";
      const left =
        isAlive && tokens?.expires_at ? Math.max(0, Math.ceil(tokens.expires_at - deviceNow())) : null;
      const shownState = state === "active" && left === 0 ? "waiting" : state;
      show("state", shownState, (value) => {
        card.dataset.state = value;
        $(".state").textContent = STATES[value];
        $('[data-do="signOut"]').disabled = value === "signed-out";
      });
      show("left", left, (value) => {
        $(".seconds").textContent = value ?? "";
        $(".unit").textContent = value === null ? "" : " s left";
      });
    },
  };
}

/** Two kinds of storage, so that both are seen to be shared by tabs. */
function storageFor(name, run) {
  if (name === "go1" || name === "vault") {
    return { storage: webStorage(localStorage, `demo:${run}:${name}`), where: "localStorage" };
  }
  return name === "goto"
    ? { storage: indexedDbStorage(`demo-${run}-${name}`, { encrypt: true }), where: "IndexedDB, encrypted" }
    : { storage: indexedDbStorage(`demo-${run}-${name}`), where: "IndexedDB" };
}
