// The package that a chaos run is about: the one that is installed for the tests, or the one in the folder OAUTH_REFRESHER_PACKAGE. Not
// a test by itself.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const app = process.env.OAUTH_REFRESHER_PACKAGE;
const { resolve } = createRequire(app ? join(app, "x.js") : import.meta.url);
const load = (name) => import(pathToFileURL(resolve(name)).href);

export const { createRefresher } = await load("oauth-refresher");
export const { fileStorage } = await load("oauth-refresher/storage/node");
