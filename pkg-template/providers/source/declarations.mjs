// The declaration of a preset (types/*.d.ts) with its documentation, generated from its row and from the options that the preset returns.

import { dpop } from "../../dpop/index.js";
import * as presets from "../index.js";
import { given, variantsOf } from "./rows.mjs";

/** Presets whose declaration is written by hand, because a whole document describes their server. */
export const BY_HAND = ["go1", "goto", "vault-ist"];

/** The names under which the package exports a preset; the row's own name first. */
export const namesOf = (row) =>
  Object.keys(presets)
    .filter((name) => presets[name] === presets[row.function])
    .sort((a, b) => (b === row.function) - (a === row.function));

/** The options that the preset returns for the row without variants. */
export const chosen = (row) => presets[row.function](given(row, CLIENT));

const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, [
  "sign",
  "verify",
]);
const CLIENT = { id: "id", secret: "secret", api_key: "api_key", es256: privateKey, dpop: dpop() };

/** Required and optional options with their types, in the order of the row. */
export function optionsOf(row) {
  const variants = [...variantsOf(row)].map((variant) => variant.row.given);
  const names = [...new Set(variants.flatMap(Object.keys))];
  const described = Object.fromEntries(
    (row.options ?? []).map((line) => {
      const [, name, optional, type, text] = /^(\w+)(\?)?(?: \(([^)]*)\))?: (.*)$/.exec(line);
      return [name, { optional, type, text }];
    }),
  );
  return names.map((name) => {
    const { optional, type = "string", text = TEXTS[name] } = described[name] ?? {};
    const isOptional = Boolean(optional) || variants.some((options) => !(name in options));
    return { name, optional: isOptional, type: TYPES[name] ?? TYPES[type] ?? type, text };
  });
}

const TYPES = { client_secret: "Value", PrivateKey: 'DPoPKeyPair["privateKey"]' };
const TEXTS = {
  client_id: "The client identifier.",
  client_secret: "The client secret, or a function that returns it and is called for each request.",
};

export function declaration(row) {
  const options = optionsOf(row);
  const types = options.map(({ type }) => type).join(" ");
  const imports = ["DPoP", "DPoPKeyPair", "RefresherOptions", "Value"].filter(
    (name) => name === "RefresherOptions" || new RegExp(`\\b${name}\\b`).test(types),
  );
  const members = options.map(
    ({ name, optional, type, text }) => `${comment(text)}\n${name}${optional ? "?" : ""}: ${type};`,
  );
  return [
    `import type { ${imports.join(", ")} } from "../../index.js";`,
    "",
    "/**",
    ...documentation(row, options).map((line) => ` * ${line}`.trimEnd()),
    " */",
    options.length
      ? `export function ${row.function}(options: {\n${members.join("\n")}\n}): RefresherOptions;`
      : `export function ${row.function}(): RefresherOptions;`,
    "",
  ].join("\n");
}

function documentation(row, options) {
  const { reuse, keepAliveSeconds, token_endpoint } = chosen(row);
  const example = options.filter(({ optional }) => !optional).map(({ name }) => name);
  const call = `${row.function}(${example.length ? `{ ${example.join(", ")} }` : ""})`;
  const lines = [
    `- Request: ${token_endpoint ? `\`${row.request.method} ${shortAddress(row, token_endpoint)}\`` : "the token endpoint that `issuer` names"}${asks(row, options)}.`,
    `- Access tokens: ${row.lifetimes.access}. Refresh tokens: ${row.lifetimes.refresh}.`,
    `- Rotation: ${row.rotation.says}.`,
    `- \`reuse\` is ${shownReuse(reuse)}: ${MEANS[kind(reuse)]}.`,
    ...(keepAliveSeconds
      ? [`- Refreshed every ${keepAliveSeconds / 86_400} days, also without a call.`]
      : []),
    ...(row.hook ? [`- Not plain data: ${row.hook}.`] : []),
    ...(row.note ? [`- ${row.note}`] : []),
    ...(row.unverified ? [`- Not verified, from memory: ${row.unverified.join(", ")}.`] : []),
    ...(row.searched ? [`- Searched without success: ${row.searched}.`] : []),
    `- Source: ${row.source}.`,
  ];
  return [
    `${row.name}: \`createRefresher({ ...${call}, storage })\`.`,
    "",
    ...lines.flatMap((line) => wrapped(line)),
    ...(options.length ? ["", `@throws TypeError for a missing or invalid option.`] : []),
  ];
}

/** The address with the names of its options in braces. */
function shortAddress(row, address) {
  let text = address.split("?")[0];
  for (const [name, value] of Object.entries(row.given))
    if (value[0] !== "$" && !/^https/.test(value) && text.includes(value))
      text = text.replace(value, `{${name}}`);
  return text;
}

function asks(row, options) {
  const body = row.request.form
    ? " by form"
    : row.request.json || row.request.string
      ? " in JSON"
      : row.request.query
        ? ", all in the query"
        : "";
  const secret = options.find(({ name }) => name === "client_secret");
  const may = secret?.optional ? "; without a secret as a public client" : "";
  const who = {
    post: ", with client_id and client_secret beside it",
    basic: ", with HTTP Basic",
    "basic secret": ", with the secret as the user name of HTTP Basic",
    public: ", with client_id beside it",
  };
  return body + (who[row.request.auth] ?? "") + may;
}

const kind = (reuse) => (typeof reuse === "string" ? reuse : "grace");
export const shownReuse = (reuse) =>
  typeof reuse === "string" ? `\`"${reuse}"\`` : `\`{ graceSeconds: ${reuse.graceSeconds} }\``;
const MEANS = {
  never: "a lost reply is `outcome_unknown`, and is not retried",
  always: "a lost reply is retried",
  grace: "a lost reply is retried within the grace period",
  "until-successor-used": "a lost reply is retried",
};

const comment = (text) =>
  text.length < 100
    ? `/** ${text} */`
    : `/**\n${wrapped(text, 108)
        .map((line) => ` * ${line.trim()}`)
        .join("\n")}\n*/`;

/** A list item, wrapped at 120 characters. */
function wrapped(text, width = 120) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1).length + word.length + 1 > width) lines.push(" ");
    lines[lines.length - 1] += (lines.at(-1) ? " " : "") + word;
  }
  return lines;
}
