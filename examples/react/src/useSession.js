import { useSyncExternalStore } from "react";
import { refresher } from "./session.js";

/** "unknown" until the storage was read, then "signed-in" or "signed-out". */
export const useSession = () => useSyncExternalStore(subscribe, sessionState);

function sessionState() {
  if (refresher.state === "unknown") return "unknown";
  return ["active", "refreshing"].includes(refresher.state) ? "signed-in" : "signed-out";
}

function subscribe(changed) {
  const left = new AbortController();
  for (const event of ["token-changed", "session-ended"])
    refresher.addEventListener(event, changed, { signal: left.signal });
  const read = () => left.signal.aborted || changed();
  refresher.getTokens({ minValiditySeconds: 0 }).then(read, read);
  return () => left.abort();
}
