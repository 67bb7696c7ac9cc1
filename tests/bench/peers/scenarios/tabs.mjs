// Two tabs of one origin in one Chromium, with localStorage and a token endpoint that both reach.
// Played by behaviour-page.mjs, which opens the tabs: `tabs` has a page for each, `server` what the endpoint saw.

import { must } from "./judge.mjs";

export const TABS = [
  {
    id: "tabs-at-once",
    needs: ["session", "shared", "browser"],
    inTabs: true,
    title: "two tabs ask at once while the token is expired, one-time tokens",
    criterion: "both get a token, and no refresh token is sent twice",
    async play(tabs, server) {
      const answers = await Promise.all(tabs.map((tab) => tab.get()));
      must(answers.every(({ isToken }) => isToken) && server.uses() === 1, described(answers, server));
    },
  },
  {
    id: "tabs-one-after-the-other",
    needs: ["session", "shared", "browser"],
    inTabs: true,
    title: "one tab refreshes, and the other, which was open before, asks",
    criterion: "it adopts the token and sends nothing",
    async play(tabs, server) {
      const first = await tabs[0].get();
      const sent = server.requests();
      const second = await tabs[1].get();
      must(first.isToken && second.isToken && server.requests() === sent, described([first, second], server));
    },
  },
  {
    id: "tab-closed",
    needs: ["session", "shared", "browser"],
    inTabs: true,
    title: "a tab is closed while its refresh is in flight, and the server has a grace period",
    criterion: "the other tab gets a token within 20 s",
    async play(tabs, server) {
      server.hasGrace(true);
      server.delay(400);
      tabs[0].get().catch(() => {}); // its tab is closed under it
      await server.asked();
      await tabs[0].close();
      server.delay(5);
      const answer = await tabs[1].get();
      must(answer.isToken, described([answer], server));
    },
  },
];

function described(answers, server) {
  return `${server.requests()} requests; ${answers.map(({ text }) => text).join(" | ")}`;
}
