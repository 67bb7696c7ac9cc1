// Claims about every preset: its size, its required options, and that no option can change the host.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { createRefresher } from "oauth-refresher";
import * as providers from "oauth-refresher/providers";
import { clientFor } from "./client.mjs";
import { BY_HAND, optionsOf } from "../../pkg-template/providers/source/declarations.mjs";
import { given, refreshable, variantsOf } from "../../pkg-template/providers/source/rows.mjs";

const PACKAGE = dirname(createRequire(import.meta.url).resolve("oauth-refresher/package.json"));
const HOSTILE = [
  "evil.example/",
  "evil.example#",
  "evil.example?",
  "user@evil.example",
  "evil.example\\",
  "a/../b",
  "..",
  "%2f",
];
const OTHERS = ["a b", "é", "", "a\n", null, undefined, true, {}, [], 5];

/** The size that a preset adds to a page with the refresher; presets that sign include the signing code. */
const BUDGET_BYTES = 400;
const SIGNING_BUDGET_BYTES = 700;
const SIGNING = ["apple", "shopline", "tuya"];

const presets = refreshable.map((row) => ({
  row,
  name: row.function,
  preset: providers[row.function],
  ...wantedBy(row),
}));

test("importing a preset costs less than 400 bytes, or less than 700 if it signs", async () => {
  const alone = await brotliBytes('export { createRefresher } from "oauth-refresher";');
  const costs = [];
  for (const { name } of presets) {
    const importing = `export { createRefresher } from "oauth-refresher"; export { ${name} } from "oauth-refresher/providers";`;
    const bytes = (await brotliBytes(importing)) - alone;
    costs.push([bytes, name]);
    assert.ok(
      bytes < (SIGNING.includes(name) ? SIGNING_BUDGET_BYTES : BUDGET_BYTES),
      `${name}: ${bytes} bytes`,
    );
  }
  costs.sort(([a], [b]) => a - b);
  const [least, middle, most] = [costs[0], costs[costs.length >> 1], costs.at(-1)].map(
    ([bytes, name]) => `${bytes} (${name})`,
  );
  console.log(
    `a preset costs, in bytes of brotli beside the default import: least ${least}, middle ${middle}, most ${most}`,
  );
});

test("the default import contains no preset", async () => {
  const text = (await bundled('export { createRefresher } from "oauth-refresher";')).toString();
  for (const { name } of presets) assert.ok(!text.includes(`"${name}"`), name);
});

for (const { row, name, preset, options, wanted, slots } of presets) {
  test(`${name} returns options that createRefresher accepts`, () => {
    for (const { row: variant } of variantsOf(row))
      createRefresher(preset(given(variant, clientFor(variant)))).close();
  });

  test(`${name} names a missing option and quotes no value`, () => {
    for (const option of wanted)
      for (const value of [undefined, null, "", 5, true, {}]) {
        const error = thrownBy(() => preset({ ...options, [option]: value }));
        assert.ok(error instanceof TypeError, option);
        assert.match(error.message, new RegExp(`^${name.replace("goTo", "goto")}: ${option}\\b`), option);
      }
    if (wanted.length)
      for (const nothing of [undefined, null, {}]) assert.throws(() => preset(nothing), TypeError);
  });

  for (const slot of slots)
    test(`${slot} of ${name} cannot change the host`, () => {
      const host = new URL(preset(options).token_endpoint).host;
      for (const value of [...HOSTILE, ...OTHERS]) {
        const error = thrownBy(() => preset({ ...options, [slot]: value }));
        // an optional option has a default
        if (!error && value === undefined) continue;
        assert.ok(error instanceof TypeError, `${slot} ${JSON.stringify(value)}`);
        assert.match(error.message, new RegExp(slot));
      }
      // a port cannot change the host either
      for (const value of ["evil.example:443", "evil.example:x"]) {
        const endpoint = tried(() => new URL(preset({ ...options, [slot]: value }).token_endpoint));
        const isWholeHost = host === options[slot];
        if (endpoint && !isWholeHost) assert.equal(endpoint.host, host);
      }
    });
}

test("an unused session is refreshed at least twice before it would expire", () => {
  for (const { row, preset, options } of presets) {
    const { keepAliveSeconds } = preset(options);
    const { idleDays } = row.lifetimes;
    assert.equal(keepAliveSeconds !== undefined, idleDays !== undefined, row.id);
    if (idleDays) assert.ok(2 * keepAliveSeconds <= idleDays * 86_400, row.id);
  }
});

test("with a secret a client is confidential, without one public", () => {
  for (const { row, preset, options } of presets) {
    if (!optionsOf(row).some(({ name, optional }) => name === "client_secret" && optional)) continue;
    const { client_secret, ...others } = options;
    assert.match(
      preset({ ...others, client_secret: "s" }).clientAuth,
      /^client_secret_(basic|post)$/,
      row.id,
    );
    assert.equal(preset(others).clientAuth, "none", row.id);
  }
});

/** The options of a user, which are required, and which fill the address. */
function wantedBy(row) {
  const options = given(row, clientFor(row));
  const needed = optionsOf(row).filter(({ optional, type }) => !optional && /^(string|Value)$/.test(type));
  const source = BY_HAND.includes(row.id)
    ? ""
    : readFileSync(new URL(`../../pkg-template/providers/${row.id}.js`, import.meta.url), "utf8");
  const address = /filled\([^]*?"(https:[^"]*)"/.exec(source)?.[1] ?? "";
  const slots = [...address.matchAll(/{(\w+)/g)].map(([, slot]) => slot);
  return {
    options,
    slots,
    wanted: needed
      .map(({ name }) => name)
      .filter((name) => name !== "partnerId" && !BY_HAND.includes(row.id)),
  };
}

async function bundled(contents) {
  const withoutCore = {
    name: "without the core",
    setup: (bundler) =>
      bundler.onLoad({ filter: /core-bytes\.js$/ }, () => ({ contents: 'export default () => ""' })),
  };
  const options = {
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
  };
  const stdin = { contents, resolveDir: join(PACKAGE, "..") };
  const { outputFiles } = await build({
    ...options,
    stdin,
    legalComments: "none",
    logLevel: "error",
    plugins: [withoutCore],
  });
  return Buffer.from(outputFiles[0].contents);
}

async function brotliBytes(contents) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  return brotliCompressSync(await bundled(contents), { params }).length;
}

function thrownBy(work) {
  try {
    work();
  } catch (error) {
    return error;
  }
}

function tried(work) {
  try {
    return work();
  } catch {}
}
