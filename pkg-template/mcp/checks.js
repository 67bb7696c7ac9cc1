// @ts-check
import { asGiven } from "../lib/given.js";
import { isEndpoint } from "../lib/options.js";

const FUNCTIONS = ["storage", "lock", "loginLock", "fetch"];
const KNOWN = ["serverUrl", "loginTimeoutSeconds", "refresh", "dpop", ...FUNCTIONS];
const REQUIRED = ["clientInformation", "redirectToAuthorization"];

/** Throws a TypeError that names the wrong option and what to write. @param {any} provider @param {any} options */
export function checkSessionOptions(provider, options) {
  for (const name of REQUIRED)
    if (typeof provider?.[name] != "function")
      fail(
        `provider.${name} must be a function ${asGiven(provider?.[name])}: write an OAuthClientProvider of the SDK`,
      );
  if (typeof options != "object" || !options) fail("write mcpSession(provider, { serverUrl, storage })");
  for (const name of Object.keys(options))
    if (!KNOWN.includes(name)) fail(`${name} is no option: there are ${KNOWN.join(", ")}`);
  const { serverUrl, storage, loginTimeoutSeconds, refresh } = options;
  if (!URL.canParse(serverUrl) || !isEndpoint(bare(serverUrl)))
    fail(
      `serverUrl must be the MCP server's URL: https, or http on loopback, without credentials ${asGiven(serverUrl)}`,
    );
  if (typeof storage != "function")
    fail(
      `storage must be a function ${asGiven(storage)}: servers do not share a session, so write ({ key }) => fileStorage(\`\${folder}/\${key}.json\`)`,
    );
  for (const name of FUNCTIONS)
    if (options[name] !== undefined && typeof options[name] != "function")
      fail(`${name} must be a function ${asGiven(options[name])}`);
  if (loginTimeoutSeconds !== undefined && !(Number.isFinite(loginTimeoutSeconds) && loginTimeoutSeconds > 0))
    fail(`loginTimeoutSeconds must be a finite number above 0 ${asGiven(loginTimeoutSeconds)}`);
  if (refresh !== undefined && (typeof refresh != "object" || !refresh))
    fail(`refresh must be an object, such as { reuse: { graceSeconds: 30 } } ${asGiven(refresh)}`);
}

/** Without the fragment, which is not sent. @param {string | URL} url */
const bare = (url) => new URL(url).href.replace(/#.*/, "");

/** @param {string} message @returns {never} */
function fail(message) {
  throw new TypeError(`mcpSession: ${message}`);
}
