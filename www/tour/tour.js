// The tour: plays the stories one after the other, the usual lines and oauth-refresher beside each other, and counts what each lost.

import { createStage } from "./stage.js";
import { STORIES } from "./stories.js";

const SIDES = ["theirs", "ours"];
const READING_MS = 2600; // between two stories
const STORY_LIMIT_MS = 20_000;

/** `pace` 0 leaves out the pauses for reading. */
export function createTour({ element, run, servers, pace = 1 }) {
  const $ = (selector) => element.querySelector(selector);
  const verdicts = new Map(); // story → { theirs, ours }: whether the login was kept
  let plays = 0; // each play makes the one before it an old one
  let isPlaying = false;
  const lane = (side) => $(`.lane[data-side=${side}] ol`);

  $(".steps").replaceChildren(...STORIES.map(step));
  $("[data-do=pause]").addEventListener("click", () => (isPlaying ? pause() : playFrom(nextOne())));
  $("[data-do=again]").addEventListener("click", () => {
    verdicts.clear();
    playFrom(0);
  });
  show(STORIES[0]);
  for (const side of SIDES) lane(side).replaceChildren();
  showScore();

  function step(story, index) {
    const item = document.createElement("li");
    const button = item.appendChild(document.createElement("button"));
    button.type = "button";
    button.dataset.story = story.id;
    button.append(child("span", "number", String(index + 1)), child("span", "name", story.title));
    for (const side of SIDES) button.append(child("span", `verdict ${side}`, ""));
    button.addEventListener("click", () => playOne(index));
    return item;
  }

  const nextOne = () =>
    Math.max(
      0,
      STORIES.findIndex(({ id }) => !verdicts.has(id)),
    );

  async function playFrom(first) {
    const play = ++plays;
    playing(true);
    for (let index = first; index < STORIES.length; index += 1) {
      await perform(STORIES[index], play);
      if (play !== plays) return;
      await new Promise((read) => setTimeout(read, READING_MS * pace));
      if (play !== plays) return;
    }
    playing(false);
  }

  async function playOne(index) {
    const play = ++plays;
    playing(false);
    await perform(STORIES[index], play);
  }

  function pause() {
    plays += 1;
    playing(false);
  }

  async function perform(story, play) {
    show(story);
    verdicts.delete(story.id);
    const isOld = () => play !== plays;
    const kept = await Promise.all(SIDES.map((side) => playSide(story, side, isOld)));
    if (isOld()) return;
    verdicts.set(story.id, Object.fromEntries(SIDES.map((side, i) => [side, kept[i]])));
    showScore();
  }

  /** Whether the person is still signed in at the end. */
  async function playSide(story, side, isOld) {
    const list = lane(side);
    list.replaceChildren();
    list.parentElement.dataset.verdict = "";
    const tell = (event) => !isOld() && line(list, event);
    const stage = await createStage({ side, story, run, servers, tell });
    const limit = new Promise((over) => setTimeout(over, STORY_LIMIT_MS, false));
    const failed = (error) => {
      tell({ who: "", kind: "bad", text: `the tour itself failed: ${error.message}` });
      return false;
    };
    try {
      const kept = await Promise.race([story.play(stage).catch(failed), limit]);
      if (isOld()) return kept;
      list.parentElement.dataset.verdict = kept ? "kept" : "lost";
      list.parentElement.querySelector(".outcome").textContent = kept ? "Still signed in" : "Login lost";
      return kept;
    } finally {
      stage.close();
    }
  }

  function show(story) {
    $(".title").textContent = `${STORIES.indexOf(story) + 1}. ${story.title}`;
    $(".plot").textContent = story.plot;
    $(".moral").textContent = story.moral;
    for (const side of SIDES) lane(side).parentElement.querySelector(".outcome").textContent = "";
    for (const button of element.querySelectorAll(".steps button"))
      button.setAttribute("aria-current", button.dataset.story === story.id ? "step" : "false");
  }

  function showScore() {
    for (const side of SIDES) {
      const lost = [...verdicts.values()].filter((verdict) => !verdict[side]).length;
      $(`.count[data-side=${side}]`).textContent = String(lost);
    }
    $(".played").textContent = `after ${verdicts.size} of ${STORIES.length} ways to lose one`;
    for (const button of element.querySelectorAll(".steps button")) {
      const verdict = verdicts.get(button.dataset.story);
      for (const side of SIDES) {
        const mark = button.querySelector(`.verdict.${side}`);
        mark.dataset.verdict = verdict ? (verdict[side] ? "kept" : "lost") : "";
        mark.textContent = verdict ? (verdict[side] ? "kept" : "lost") : "";
      }
    }
    element.dataset.over = String(verdicts.size === STORIES.length);
  }

  function playing(now) {
    isPlaying = now;
    $("[data-do=pause]").textContent = now ? "Pause" : "Play";
  }

  return { play: () => playFrom(0) };
}

function line(list, { who, kind, text }) {
  const item = child("li", kind, "");
  if (who) item.append(child("span", "who", who), " ");
  item.append(text);
  list.append(item);
}

function child(name, className, text) {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}
