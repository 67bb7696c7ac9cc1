// Nine ways to lose a session. Each story is one script, played by both sides at once: the same steps, servers and faults.
//
// `stage` opens tabs (or machines), commands the network, and passes time; a tab calls the API, signs in and out. `say` is the
// narrator. What the last call answers is the verdict: nothing here says who wins.

const HOUR = 3600;
const DAY = 24 * HOUR;

export const STORIES = [
  {
    id: "two-tabs",
    title: "Two tabs",
    plot: "Two tabs are open when the access token runs out, and both call the API.",
    moral:
      "Both send the same refresh token. The server takes the second use for a theft and revokes the session. Here one tab refreshes, and the other one reads the storage again.",
    async play(stage) {
      const [a, b] = await lapsed(stage, "Tab A", "Tab B");
      await Promise.all([a.call(), b.call()]);
      return a.call();
    },
  },
  {
    id: "lost-reply",
    title: "Lost reply",
    server: { graceSeconds: 10 },
    plot: "The server rotates the refresh token, and its reply gets lost on the way.",
    moral:
      "An error is taken for a refusal. Here a mark was written before the refresh token was sent, and the option reuse says that this server forgives a second use for 10 s.",
    async play(stage) {
      const [tab] = await lapsed(stage, "Tab");
      await stage.server({ faults: ["truncate"] });
      await tab.call();
      return tab.call();
    },
  },
  {
    id: "429",
    title: "429",
    plot: "The token endpoint is busy: 429, Retry-After: 1.",
    moral: "“Not now” is taken for “no”. Only a parsed invalid_grant ends a session here.",
    async play(stage) {
      const [tab] = await lapsed(stage, "Tab");
      await stage.server({ faults: ["429"] });
      await tab.call();
      await stage.wait(1200);
      return tab.call();
    },
  },
  {
    id: "captive-portal",
    title: "Captive portal",
    plot: "An airport's Wi-Fi answers the token request with its own web page, and status 200.",
    moral:
      "A web page is no token response and no refusal. The tokens are kept, and the next call gets through.",
    async play(stage) {
      const [tab] = await lapsed(stage, "Tab");
      stage.say("the airport's Wi-Fi wants a click");
      await stage.server({ faults: ["html"] });
      await tab.call();
      stage.say("clicked: the internet is back");
      return tab.call();
    },
  },
  {
    id: "sleep",
    title: "Sleep",
    plot: "The laptop wakes up before its Wi-Fi does.",
    moral: "No network is no refusal. The session is kept until there is an answer.",
    async play(stage) {
      const tab = await stage.open("Tab");
      await tab.logIn();
      tab.device.breakNetwork();
      await hourPasses(stage, tab, "the laptop sleeps for an hour");
      const waking = tab.call();
      await stage.wait(900);
      stage.say("the Wi-Fi is back");
      tab.device.mendNetwork();
      await waking;
      return tab.call();
    },
  },
  {
    id: "crash",
    title: "Crash",
    plot: "The browser crashes, and restores its three tabs at once.",
    moral:
      "Three tabs start with the same old refresh token. Here they take turns, and two of them find new tokens.",
    async play(stage) {
      await lapsed(stage, "Tab");
      stage.say("the browser crashes");
      stage.crash();
      const tabs = await Promise.all(["Tab A", "Tab B", "Tab C"].map((name) => stage.open(name)));
      await Promise.all(tabs.map((tab) => tab.call()));
      return tabs[0].call();
    },
  },
  {
    id: "wrong-clock",
    title: "Wrong clock",
    plot: "The device's clock is a day ahead. The server allows five token requests in ten seconds.",
    moral:
      "By this clock every token has run out, so each call refreshes, until the server says 429. Here a token lives as long as its reply said, counted from when it came.",
    async play(stage) {
      const tab = await stage.open("Tab");
      tab.device.sleep(DAY);
      stage.say("the clock is a day ahead");
      await stage.server({ limit: 5 });
      await tab.logIn();
      for (let calls = 0; calls < 7; calls += 1) await tab.call();
      return tab.call();
    },
  },
  {
    id: "sign-out",
    title: "Sign-out in the middle",
    plot: "A sign-out and a new login while a refresh is on its way.",
    moral:
      "The late reply of the old session overwrites the new login. Here every write names the generation that it replaces, so the loser writes nothing.",
    async play(stage) {
      const [tab] = await lapsed(stage, "Tab");
      await stage.server({ faults: [{ name: "slow", delayMs: 1200 }] });
      const late = tab.call();
      await stage.wait(400);
      await tab.signOut();
      await tab.logIn();
      await late;
      return tab.call();
    },
  },
  {
    id: "two-machines",
    title: "Two machines",
    plot: "Two servers of one service share a session in a database, and both need a new token.",
    moral:
      "No lock of a browser or of a process helps. Here the storage has a lock with a lease, as Redis, PostgreSQL and files have.",
    async play(stage) {
      const [a, b] = [await stage.open("Machine A", "alone"), await stage.open("Machine B", "alone")];
      await a.logIn();
      await hourPasses(stage, a, b);
      await Promise.all([a.call(), b.call()]);
      return b.call();
    },
  },
];

/** Tabs with a session whose access token has run out. */
async function lapsed(stage, ...names) {
  const tabs = [];
  for (const name of names) tabs.push(await stage.open(name));
  await tabs[0].logIn();
  await hourPasses(stage, ...tabs);
  return tabs;
}

/** On the servers and on every device. */
async function hourPasses(stage, ...tabs) {
  const said = typeof tabs.at(-1) === "string" ? tabs.pop() : "an hour passes: the access token has run out";
  stage.say(said);
  await stage.server({ pass: HOUR + 60 });
  for (const device of new Set(tabs.map((tab) => tab.device.key)))
    tabs.find((tab) => tab.device.key === device).device.sleep(HOUR + 60);
  await stage.wait(50); // the storage event that tells the other tabs
}
