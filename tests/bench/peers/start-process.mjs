// From the start of a Node process to its first token, with a session in a file: a fresh process each time. Prints JSON.
// `node start-process.mjs ROUNDS`

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startServer } from "./start-server.mjs";
import { RENEWED, sessions, STORED } from "./start-sessions.mjs";
import { alternating, figure } from "./statistics.mjs";

const rounds = Number(process.argv[2] ?? 25);
const LIMIT_MS = 20_000;
const HERE = fileURLToPath(new URL(".", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "oauth-refresher-bench-"));
const file = join(folder, "session.json");
const server = await startServer();

/** What each program imports and does until it has a token. `session` is the object in the file. */
const PROGRAMS = {
  "Node alone": `done("${STORED}")`,
  "twenty lines with fetch": fileProgram(
    "plain",
    `
    const form = { grant_type: "refresh_token", refresh_token: session.tokens.refresh_token, client_id: "app" };
    const reply = await fetch(origin + "/token", { method: "POST", body: new URLSearchParams(form) });
    const tokens = await reply.json();
  `,
  ),
  oauth4webapi: fileProgram(
    "plain",
    `
    const as = { issuer: origin, token_endpoint: origin + "/token" }, client = { client_id: "app" };
    const insecure = { [o.allowInsecureRequests]: true };
    const reply = await o.refreshTokenGrantRequest(as, client, o.None(), session.tokens.refresh_token, insecure);
    const tokens = await o.processRefreshTokenResponse(as, client, reply);
  `,
    `import * as o from "oauth4webapi";`,
  ),
  "supabase/auth-js": `
    import { AuthClient } from "@supabase/auth-js";
    ${read("supabase")}
    const storage = { getItem: () => JSON.stringify(session), setItem: (key, value) => write(JSON.parse(value)), removeItem() {} };
    const client = new AuthClient({ url: origin, storageKey: "session", storage, autoRefreshToken: false, detectSessionInUrl: false });
    done((await client.getSession()).data.session.access_token);
  `,
  "oauth-refresher": oursProgram("oauth-refresher"),
  "oauth-refresher/js": oursProgram("oauth-refresher/js"),
};

const results = { fresh: {}, expired: {} };
for (const state of Object.keys(results)) {
  console.error(`a fresh process, its token ${state}`);
  const stored = await sessions(server.origin, state === "fresh");
  const runs = await alternating(PROGRAMS, rounds, (program) => once(program, stored, state));
  for (const [name, of] of Object.entries(runs))
    results[state][name] = {
      cpu: figure(of.map(({ cpu }) => cpu)),
      wall: figure(of.map(({ wall }) => wall)),
    };
}
await server.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify(results));

function once(program, stored, state) {
  writeFileSync(file, JSON.stringify(stored));
  const code = `import { readFileSync, writeFileSync } from "node:fs";
    const origin = ${JSON.stringify(server.origin)};
    const done = (token) => {
      const wall = performance.now(), { user, system } = process.cpuUsage();
      console.log(JSON.stringify({ token, wall, cpu: (user + system) / 1000 }));
      process.exit();
    };
    ${program}`;
  const flags = ["--no-warnings", "--input-type=module", "--eval", code];
  const { stdout, stderr } = spawnSync(process.execPath, flags, {
    cwd: HERE,
    encoding: "utf8",
    timeout: LIMIT_MS,
  });
  const said = stdout ? JSON.parse(stdout) : undefined;
  const expected = state === "fresh" || program === PROGRAMS["Node alone"] ? STORED : RENEWED;
  if (said?.token !== expected) throw new Error(`${state}: ${stdout}${stderr}\n${program}`);
  return said;
}

/** Reads the file, hands out a token that is good, and writes the renewed ones. */
function fileProgram(format, exchange, imports = "") {
  return `${imports}
    ${read(format)}
    if (session.tokens.expires_at > Date.now() / 1000) done(session.tokens.access_token);
    ${exchange}
    write({ tokens });
    done(tokens.access_token);`;
}

function oursProgram(entry) {
  return `
    import { createRefresher } from "${entry}";
    import { callbackStorage } from "oauth-refresher/storage";
    ${read("ours")}
    const storage = callbackStorage({ load: () => session, save: write });
    const refresher = createRefresher({ token_endpoint: origin + "/token", client_id: "app", storage });
    done(await refresher.getAccessToken());`;
}

function read(format) {
  return `
    const session = JSON.parse(readFileSync(${JSON.stringify(file)}, "utf8")).${format};
    const write = (saved) => writeFileSync(${JSON.stringify(file)}, JSON.stringify({ ${format}: saved }));`;
}
