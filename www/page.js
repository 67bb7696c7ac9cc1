// The page: one card per session, one device under them, one log.

import { createCard } from "./card.js";
import { forgetEarlierRuns, startDevice } from "./device.js";
import { createTour } from "./tour/tour.js";

const SLEEP_SECONDS = 60;
const NIGHT_MS = 1400;
const LOG_LINES = 80;

const element = (id) => document.getElementById(id);
const { run, sessions, tour } = await (await fetch("/session")).json();
await forgetEarlierRuns(run);
const device = startDevice(`demo:${run}:device`);

element("sessions").replaceChildren();
showTour();
const cards = sessions.map((session) => createCard({ session, run, device, say }));
animate();
for (const card of cards) card.begin().catch((error) => say(card.session.label, error.message, true));

// --- the tour --------------------------------------------------------------------------------------------------------

/** A page that was opened for the sessions (`#four`) waits for Play; `?pace=0` leaves out the pauses. */
function showTour() {
  const pace = Number(new URLSearchParams(location.search).get("pace") ?? 1);
  const played = createTour({ element: element("tour"), run, servers: tour, pace });
  if (location.hash === "#four") element("four").scrollIntoView();
  else void played.play();
  for (const source of document.querySelectorAll("[data-source-of]"))
    void fetch(source.dataset.sourceOf).then(async (file) => (source.textContent = await file.text()));
}

// --- the device ------------------------------------------------------------------------------------------------------

element("network").addEventListener("click", () =>
  device.isOffline ? device.mendNetwork() : device.breakNetwork(),
);

element("sleep").addEventListener("click", async () => {
  element("sleep").disabled = true;
  document.body.classList.add("asleep");
  await new Promise((morning) => setTimeout(morning, NIGHT_MS));
  await Promise.all(cards.map(hoursPass));
  device.sleep(SLEEP_SECONDS);
  document.body.classList.remove("asleep");
  element("sleep").disabled = false;
  element("sleep").focus();
});

/** The servers' clocks go on too while a device sleeps. oidc-provider has the machine's clock, which does not. */
async function hoursPass({ session, control }) {
  if (session.secondsPerHour) await control("pass-hours", { hours: SLEEP_SECONDS / session.secondsPerHour });
}

device.on("slept", ({ seconds }) => {
  const now = Date.now() / 1000;
  for (const { timeline } of cards) timeline.shade("asleep", "asleep", now - seconds, now);
  say("This device", `slept for ${seconds} seconds`, true);
});

device.on("network", ({ offline }) => {
  showNetwork();
  say("This device", offline ? "has no network" : "has its network back", true);
});

function showNetwork() {
  const { isOffline } = device;
  element("network").setAttribute("aria-pressed", String(isOffline));
  element("network").textContent = isOffline ? "Mend the network" : "Break the network";
  document.body.classList.toggle("offline", isOffline);
  for (const { timeline } of cards)
    isOffline ? timeline.shade("offline", "no network") : timeline.unshade("offline");
}
if (device.isOffline) showNetwork();

// --- the log ---------------------------------------------------------------------------------------------------------

function say(who, what, loud) {
  const line = document.createElement("li");
  const time = line.appendChild(document.createElement("time"));
  time.textContent = new Date(Date.now()).toLocaleTimeString("en-GB");
  const name = document.createElement("strong");
  name.textContent = who;
  line.append(" ", name, ` ${what}`);
  element("log").prepend(line);
  element("log").children[LOG_LINES]?.remove();
  // A rotation every few seconds, read aloud, would drown everything else.
  if (loud) element("announcement").textContent = `${who}: ${what}`;
}

// --- time ------------------------------------------------------------------------------------------------------------

function animate() {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const frame = () => {
    for (const card of cards) card.draw();
    if (calm.matches) setTimeout(frame, 1000);
    else requestAnimationFrame(frame);
  };
  frame();
}
