// The claims about refresher.fetch, which run in Node, workerd and browsers.

import { bodies } from "./claims-bodies.mjs";
import { refusals } from "./claims-refusals.mjs";
import { delivery } from "./claims-delivery.mjs";
import { world } from "./world.mjs";

export const claims = { ...delivery, ...refusals, ...bodies };

/** Runs every claim. A claim returns "skipped: why" where the runtime lacks a feature. */
export async function runClaims(setting, only = () => true) {
  const here = world(setting);
  const results = [];
  for (const [name, claim] of Object.entries(claims).filter(([name]) => only(name)))
    results.push(await outcome(name, claim, here));
  return results;
}

async function outcome(name, claim, here) {
  try {
    const said = await claim(here);
    return { name, ...(typeof said == "string" && { skipped: said }) };
  } catch (error) {
    return { name, failure: String(error?.stack ?? error) };
  }
}
