// CPU time by the shape and the size of what a token endpoint sends, and by the length of tokens: every step is linear.
//   node tests/bench/cpu.mjs            (after `cargo xtask pack`; PACKAGE=<folder of another build> measures that one)
// process.cpuUsage, the median of three; not run by the tests, because a busy machine distorts the figures.
import { pathToFileURL } from "node:url";

const entry = process.env.PACKAGE
  ? pathToFileURL(`${process.env.PACKAGE}/entry/inline.js`).href
  : "oauth-refresher";
const { createRefresher } = await import(entry);

// A little less: a longer body is not read at all.
const MIB = 2 ** 20 - 256;
const LOGIN = { refresh_token: "a-refresh-token-of-the-login" };
const client = (fetch, more = {}) =>
  createRefresher({
    token_endpoint: "https://as.example/token",
    client_id: "app",
    background: "never",
    retries: 0,
    tokens: LOGIN,
    fetch,
    ...more,
  });

/** Milliseconds of CPU that the work took. */
async function cpu(work) {
  const begun = process.cpuUsage();
  const outcome = await work();
  const used = process.cpuUsage(begun);
  return [(used.user + used.system) / 1000, outcome];
}

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

async function row(name, measure, rounds = 3) {
  const times = [];
  let outcome;
  for (let round = 0; round < rounds; round++) {
    const [ms, came] = await measure();
    times.push(ms);
    outcome = came;
  }
  console.log(`${median(times).toFixed(2).padStart(10)} ms  ${name}: ${outcome}`);
}

/** One refresh whose reply has that body. */
const reply = (body, status = 200) =>
  cpu(async () => {
    const refresher = client(async () => new Response(body, { status }));
    const outcome = await refresher.refresh().then(
      () => "tokens",
      (error) => [error.code, error.error_description?.slice(0, 60)].filter(Boolean).join(", "),
    );
    refresher.close();
    return outcome;
  });

const START = '{"access_token":"an-access-token","token_type":"Bearer"';
const repeated = (piece, bytes = MIB) => piece.repeat(Math.floor((bytes - START.length) / piece.length));
function numbered(write, bytes) {
  const parts = [];
  for (let size = START.length, count = 0; size < bytes; count++) {
    parts.push(write(count.toString(36)));
    size += parts.at(-1).length;
  }
  return parts.join("");
}

await reply(`${START}}`); // the core is compiled in it
const quick = process.argv[2] === "quick";
for (const kib of quick ? [8, 16] : [8, 16, 64, 1024])
  await row(
    `${kib} KiB of many members`,
    () => reply(`${START}${numbered((n) => `,"${n}":0`, kib * 1024)}}`),
    kib > 16 && quick ? 1 : 3,
  );
await row("1 MiB, one name repeated", () =>
  reply(`${START}${repeated(',"access_token":"another"', quick ? MIB / 64 : MIB)}}`),
);
await row("1 MiB, members in one object", () =>
  reply(`${START},"permissions":{"x":0${numbered((n) => `,"${n}":0`, MIB)}}}`),
);
await row("1 MiB, one list of numbers", () => reply(`${START},"list":[0${repeated(",12")}]}`));
await row("1 MiB, a long text", () => reply(`${START},"text":"${repeated("x")}"}`));
await row("1 MiB, a text of escapes", () => reply(`${START},"text":"${repeated("\\u00e9")}"}`));
await row("1 MiB, nested to the depth of the limit", () =>
  reply(`${START},"deep":[${repeated(`${"[".repeat(50)}${"]".repeat(50)},`)}0]}`),
);
await row("1 MiB, nested without end", () => reply("[".repeat(MIB)));
await row("1 MiB, a form of many pairs", () =>
  reply(`access_token=a${numbered((n) => `&${n}=`, quick ? MIB / 64 : MIB)}`),
);
await row("1 MiB, an error_description", () =>
  reply(`{"error":"invalid_client","error_description":"${repeated("x y z w ")}"}`, 400),
);

/** A client whose server rotates tokens of that length. */
function withTokens(length) {
  let number = 0;
  const text = "x".repeat(length);
  return client(async () =>
    Response.json({
      access_token: `access.${text}${++number}`,
      refresh_token: `refresh.${text}${number}`,
      token_type: "Bearer",
      expires_in: 3600,
    }),
  );
}

/** One refresh with tokens of that length, of many. */
async function refreshes(length, count) {
  const refresher = withTokens(length);
  for (let warm = 0; warm < 20; warm++) await refresher.refresh();
  const [ms] = await cpu(async () => {
    for (let done = 0; done < count; done++) await refresher.refresh();
  });
  refresher.close();
  return [ms / count, `${count} refreshes`];
}
for (const length of [50, 2000, 20_000, 64_000])
  await row(`one refresh with tokens of ${length} characters`, () => refreshes(length, 30));

/** That many callers join one refresh, with tokens of that length. */
async function joined(length, count, ask) {
  const refresher = withTokens(length);
  await refresher.getAccessToken();
  const [ms, outcome] = await cpu(async () => {
    const calls = await Promise.allSettled(Array.from({ length: count }, () => ask(refresher)));
    return `${calls.filter((call) => call.status === "fulfilled").length} of ${count} served`;
  });
  refresher.close();
  return [ms, outcome];
}
const CALLERS = quick ? 1000 : 10_000;
for (const length of [50, 1500, 16_384])
  await row(`${CALLERS} callers of refresh(), tokens of ${length} characters`, () =>
    joined(length, CALLERS, (refresher) => refresher.refresh()),
  );
for (const length of [50, 1500, 16_384])
  await row(`${CALLERS} callers that name the refused token, of ${length} characters`, () =>
    joined(length, CALLERS, (refresher) =>
      refresher.getAccessToken({ rejected: refresher.tokens.access_token }),
    ),
  );

// What errors cost: one for all waiting callers, and a text that is cut before it is searched for secrets.
const secretly = (bytes) =>
  Array.from({ length: bytes }, (_, at) => String.fromCharCode(97 + ((at * 7) % 26))).join("");
const refusal = (description, tokens, callers) => async () => {
  const body = JSON.stringify({ error: "invalid_scope", error_description: description });
  const refresher = client(async () => new Response(body, { status: 400 }), {
    tokens: { ...LOGIN, ...tokens },
  });
  await refresher.load();
  return cpu(async () => {
    const settled = await Promise.allSettled(Array.from({ length: callers }, () => refresher.refresh()));
    refresher.close();
    return `${new Set(settled.map(({ reason }) => reason)).size} error`;
  });
};
await row("1,000 callers, a description of 8 KiB", refusal(secretly(8192), {}, 1000), 7);
await row("1,000 callers, a description of one word", refusal("no", {}, 1000), 7);
const long = {
  access_token: `a${secretly(16_000)}`,
  refresh_token: `r${secretly(16_000)}`,
  id_token: `i${secretly(16_000)}`,
};
await row("a description of 1 MiB beside tokens of 16 kB", refusal(secretly(MIB), long, 1), 7);
