import { useSyncExternalStore } from "react";
import { refresher } from "./session.js";

/** "unknown" until the storage was read, then "signed-in" or "signed-out". */
export const useSession = () => useSyncExternalStore(subscribe, sessionState);

function sessionState() {
  if (refresher.state === "unknown") return "unknown";
  return ["active", "refreshing"].includes(refresher.state) ? "signed-in" : "signed-out";
}

function subscribe(changed) {
  refresher.addEventListener("state-changed", changed);
  refresher.load().catch(() => {}); // a storage that cannot be read is a storage-failed event
  return () => refresher.removeEventListener("state-changed", changed);
}
