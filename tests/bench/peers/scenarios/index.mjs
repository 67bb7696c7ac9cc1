// What a client that keeps a session alive is asked to stand. Each scenario has a title, what it needs of a client, and a criterion that
// was written before the run. One that was changed after a result was seen says why in `changed`, and the table marks it.

import { CALLERS } from "./callers.mjs";
import { LIFETIMES } from "./lifetimes.mjs";
import { REFUSALS } from "./refusals.mjs";
import { REPLIES } from "./replies.mjs";
import { REQUESTS } from "./requests.mjs";
import { ROTATION } from "./rotation.mjs";
import { SECRETS } from "./secrets.mjs";
import { TABS } from "./tabs.mjs";

/**
 * @typedef {{ id: string, needs: string[], title: string, criterion: string, changed?: string, inTabs?: true,
 *   play: (client: any, stage: any) => Promise<string | void> }} Scenario
 */

/** @type {{ title: string, scenarios: Scenario[] }[]} */
export const CHAPTERS = [
  { title: "Callers and instances", scenarios: CALLERS },
  { title: "Tabs (Chromium)", scenarios: TABS },
  { title: "The refresh token", scenarios: ROTATION },
  { title: "Refusals and failures", scenarios: REFUSALS },
  { title: "Secrets and bounds", scenarios: SECRETS },
  { title: "Lifetimes and clocks", scenarios: LIFETIMES },
  { title: "Replies and identity", scenarios: REPLIES },
  { title: "Requests to an API", scenarios: REQUESTS },
];

export const SCENARIOS = CHAPTERS.flatMap(({ scenarios }) => scenarios);
