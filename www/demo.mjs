// `cargo xtask demo`: the main job in the terminal, then the page.

import { parseArgs } from "node:util";
import { startDemoServers } from "./demo-servers.mjs";
import { importInstalled, installedDirectory } from "./installed.mjs";
import { mainJob } from "./main-job.mjs";
import { servePage } from "./serve.mjs";
import { bold, green, red, say } from "./terminal.mjs";

const USAGE = `node www/demo.mjs [option …]

  --serve             serve the page although there is no terminal
  --no-serve          end after the run although there is one
  --page-only         serve the page at once, without the run
  --port <number>     of the page; without it, any that is free
  --package <folder>  where oauth-refresher is installed; without it, $OAUTH_REFRESHER_PACKAGE or tests/node_modules`;

// Long enough to be watched, short enough not to be waited for; different, so that the sessions do not move in step.
const PAGE_LIFE_SECONDS = { oidc: 20, go1: 24, goto: 16, vault: 18 };

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

  if (!options["page-only"]) {
    say(
      bold(
        "oauth-refresher against oidc-provider and the servers of three documents, on this machine and in fast time",
      ),
    );
    const wrong = await mainJob(installed);
    if (wrong.length > 0) {
      for (const sentence of wrong) process.stderr.write(`${red("wrong:")} ${sentence}\n`);
      return 1;
    }
    say(green("\nAll is well: one token request per rotation, no 401, nothing refused."));
  }
  if (options["no-serve"] || !(process.stdout.isTTY || options.serve || options["page-only"])) return 0;
  return serveUntilInterrupted(packageDirectory, options.port);
}

async function serveUntilInterrupted(packageDirectory, port) {
  const servers = await startDemoServers(PAGE_LIFE_SECONDS, { graceSeconds: 10 });
  try {
    const page = await servePage({ port, packageDirectory, servers });
    say(`\nThe page: ${bold(page.url)}  Open it in two tabs. Ctrl-C ends it.`);
    await new Promise((interrupted) => {
      process.once("SIGINT", interrupted);
      process.once("SIGTERM", interrupted);
    });
    await page.close();
  } finally {
    await servers.close();
  }
  return 0;
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
