// Where `exports` is not read, `oauth-refresher/inline` is this file.
export * from "./entry/inline.js";
