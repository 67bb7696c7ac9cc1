// `cargo xtask demo`: the page, and the main job in the terminal beside it.

import { parseArgs } from "node:util";
import { startDemoServers } from "./demo-servers.mjs";
import { importInstalled, installedDirectory } from "./installed.mjs";
import { mainJob } from "./main-job.mjs";
import { servePage } from "./serve.mjs";
import { bold, green, red, say } from "./terminal.mjs";

const USAGE = `node www/demo.mjs [option …]

  --no-serve          end after the refreshes: no page
  --serve             serve the page even where CI is set
  --page-only         the page alone, without the refreshes in the terminal
  --port <number>     of the page; without it, any that is free
  --package <folder>  where oauth-refresher is installed; without it, $OAUTH_REFRESHER_PACKAGE or tests/node_modules`;

// Long enough to be watched, short enough not to be waited for; different, so that the sessions do not move in step.
const PAGE_LIFE_SECONDS = { oidc: 10, go1: 12, goto: 8, vault: 9 };

process.exitCode = await main().catch((error) => {
  process.stderr.write(`${red("The demo failed:")} ${error.message}\n`);
  return 1;
});

async function main() {
  const options = argumentsGiven();
  if (options.help) {
    say(USAGE);
    return 0;
  }
  const packageDirectory = options.package ?? installedDirectory();
  const installed = await importInstalled(packageDirectory);
  const whyNoPage = reasonForNoPage(options);
  const page = whyNoPage ? null : await startPage(packageDirectory, options.port);
  try {
    if (page) say(`\nThe page: ${bold(page.url)}  (open it now; what follows here does not need you)`);
    if (!options["page-only"] && !(await refreshesWell(installed))) return 1;
    if (!page) {
      say(`\nThe page is not served: ${whyNoPage}`);
      return 0;
    }
    say(
      `\nThe page: ${bold(page.url)}  It is served until this process is ended${process.stdin.isTTY ? " (Ctrl-C)" : ""}.`,
    );
    await interrupted();
    return 0;
  } finally {
    await page?.close();
  }
}

async function refreshesWell(installed) {
  say(
    bold(
      "\noauth-refresher against oidc-provider and the servers of three documents, on this machine and in fast time",
    ),
  );
  const wrong = await mainJob(installed);
  for (const sentence of wrong) process.stderr.write(`${red("wrong:")} ${sentence}\n`);
  if (wrong.length === 0)
    say(green("\nAll is well: one token request per rotation, no 401, nothing refused."));
  return wrong.length === 0;
}

function reasonForNoPage(options) {
  if (options["no-serve"]) return "--no-serve was given. Without it, it is.";
  if (process.env.CI && !options.serve && !options["page-only"])
    return "CI is set in the environment, where no person would end it. --serve serves it all the same.";
  return null;
}

async function startPage(packageDirectory, port) {
  const servers = await startDemoServers(PAGE_LIFE_SECONDS, { graceSeconds: 10 });
  try {
    const page = await servePage({ port, packageDirectory, servers });
    return { url: page.url, close: () => page.close().then(servers.close) };
  } catch (error) {
    await servers.close();
    if (error.code !== "EADDRINUSE") throw error;
    throw new Error(`port ${port} is in use: give another --port, or none for one that is free`);
  }
}

function interrupted() {
  return new Promise((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
}

function argumentsGiven() {
  const { values } = parseArgs({
    // an option that is not there throws, and says which
    options: {
      serve: { type: "boolean" },
      "no-serve": { type: "boolean" },
      "page-only": { type: "boolean" },
      port: { type: "string", default: "0" },
      package: { type: "string" },
      help: { type: "boolean" },
    },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65535)
    throw new TypeError("--port must be a number from 0 to 65535");
  return { ...values, port };
}
