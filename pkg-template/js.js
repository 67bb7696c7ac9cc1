// Where `exports` is not read, `oauth-refresher/js` is this file.
export * from "./entry/js.js";
