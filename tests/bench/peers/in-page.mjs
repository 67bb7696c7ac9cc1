// In Chromium: plays a scenario, or is one of two tabs whose token endpoint is in the bench's process.

import { IN_PAGES } from "./adapters/index.mjs";
import { play, brief, settled } from "./scenarios/judge.mjs";
import { SCENARIOS } from "./scenarios/index.mjs";
import { readRequest, Stage } from "./stage.mjs";

addEventListener("unhandledrejection", (event) => event.preventDefault());

const clientOf = (name) => IN_PAGES.find((client) => client.name === name);

globalThis.playScenario = (name, id) =>
  play(
    SCENARIOS.find((scenario) => scenario.id === id),
    clientOf(name),
  );

/** Opens the client of this tab on localStorage. `current`: the tokens of the login, which the first tab stores. */
globalThis.openTab = async (name, current) => {
  const stage = new Stage();
  stage.current = current;
  stage.storage = localStorage;
  stage.api = () => stage.reply(200, {});
  // what the adapters look at to see whether there was a login
  stage.stored = {
    has: (key) => localStorage.getItem(key) !== null,
    get: (key) => localStorage.getItem(key),
    set: (key, value) => localStorage.setItem(key, value),
    keys: () => Object.keys(localStorage),
    get size() {
      return localStorage.length;
    },
    [Symbol.iterator]: () => Object.entries(localStorage)[Symbol.iterator](),
  };
  // `tokenEndpoint` is exposed by the bench: the scripted server that both tabs share
  globalThis.fetch = async (input, init) => {
    const request = await readRequest(input, init);
    if (request.method !== "POST") return stage.fetch(input, init);
    const { status, body } = await globalThis.tokenEndpoint(request.body, JSON.stringify(stage.more()));
    return stage.reply(status, body);
  };
  const session = await clientOf(name).open(stage);
  globalThis.askTab = async () => {
    const outcome = await settled(session.get(), 20_000);
    return { isToken: typeof outcome.value === "string", text: brief(outcome) };
  };
};
