// For `node --import`: "oauth-refresher" is "oauth-refresher/inline" from then on. Not a test by itself.
import { register } from "node:module";

const hook = `export const resolve = (name, context, next) =>
  next(name == "oauth-refresher" ? "oauth-refresher/inline" : name, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
