// With `--import` of this file "oauth-refresher" resolves to "oauth-refresher/js" in a Node process; fails if it did not. Not a test by itself.

import { register } from "node:module";

const hook = `export const resolve = (specifier, context, next) =>
  next(specifier === "oauth-refresher" ? "oauth-refresher/js" : specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

const { createRefresher } = await import("oauth-refresher");
const { engine } = createRefresher({
  token_endpoint: "https://auth.example/token",
  client_id: "x",
}).capabilities;
if (engine !== "js") throw new Error(`the entry without WebAssembly was to be tested, and this is ${engine}`);
