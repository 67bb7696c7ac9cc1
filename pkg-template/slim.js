// Where `exports` is not read, `oauth-refresher/slim` is this file.
export * from "./entry/slim.js";
