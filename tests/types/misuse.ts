// What a user of TypeScript must see at once. Compiled and never run.
import { createRefresher, type Refresher } from "oauth-refresher";
import { indexedDbStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

export function misuse(refresher: Refresher) {
  // @ts-expect-error: no such event
  refresher.addEventListener("tokenChanged", () => {});
  // @ts-expect-error: no such event
  refresher.removeEventListener("tokenChanged", () => {});
  // @ts-expect-error: no such option
  refresher.signOut({ revok: true });
  // @ts-expect-error: no such option
  refresher.getAccessToken({ minValidity: 3 });
  // @ts-expect-error: no such option
  indexedDbStorage("s", { encrpt: true });
  // @ts-expect-error: no such fault
  fakeAuthorizationServer().next("lostreply");
  // @ts-expect-error: no such option
  createRefresher({ tokenEndpoint: "https://a.example/t" });
  // @ts-expect-error: a promise
  refresher.setTokens(fetch("https://a.example"));
  // @ts-expect-error: a Response
  fetch("https://a.example").then((response) => refresher.setTokens(response));
  // @ts-expect-error: text
  refresher.setTokens("x");
}
