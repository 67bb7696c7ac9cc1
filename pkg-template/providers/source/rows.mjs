// One file for each provider (rows/*.json), from its documents: the request, the reply, the rotation of refresh tokens, the lifetimes,
// the errors, and the sources. The rows do not depend on the presets: tests/providers builds a strict server from each row.
//
// A text may hold one slot: $refresh, $id, $uuid … (tests/providers/values.mjs). $current is an access token that renews itself.

import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("rows/", import.meta.url);

/** All rows, by id. A row with `without` has no refresh; `without` is the reason. */
export const rows = readdirSync(folder)
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")));

export const refreshable = rows.filter((row) => !row.without);

/** The row, and the row once more for each of its variants. A variant changes values at dotted paths. */
export function* variantsOf(row) {
  yield { label: row.id, row };
  for (const [name, changes] of Object.entries(row.variants ?? {})) {
    const variant = structuredClone(row);
    for (const [path, value] of Object.entries(changes)) put(variant, path.split("."), value);
    yield { label: `${row.id} (${name})`, row: variant };
  }
}

/** The options that a user passes to the preset: texts of the row, and for a slot (`$id`) the client's value. */
export const given = (row, client) =>
  Object.fromEntries(
    Object.entries(row.given).map(([name, value]) => [
      name,
      value[0] === "$" ? client[value.slice(1)] : value,
    ]),
  );

function put(object, [name, ...rest], value) {
  if (rest.length) put(object[name], rest, value);
  else object[name] = value;
}
