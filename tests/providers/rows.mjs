// The providers as they were written down, one file each: what a request must look like, what the reply holds, how refresh tokens rotate,
// when the access token ends, after how many idle days a session dies, what errors look like, and where all that was found. Nothing here knows the presets.
//
// Texts may hold one slot: $refresh, $id, $uuid … (values.mjs). `current` is the access token that renews itself.

import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("rows/", import.meta.url);

/** Every row, by id. One with `without` has no refresh, and says why. */
export const rows = readdirSync(folder)
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")));

export const refreshable = rows.filter((row) => !row.without);

/** The row as it stands, and once for each of its variants, which change it at dotted paths. */
export function* variantsOf(row) {
  yield { label: row.id, row };
  for (const [name, changes] of Object.entries(row.variants ?? {})) {
    const variant = structuredClone(row);
    for (const [path, value] of Object.entries(changes)) put(variant, path.split("."), value);
    yield { label: `${row.id} (${name})`, row: variant };
  }
}

function put(object, [name, ...rest], value) {
  if (rest.length) put(object[name], rest, value);
  else object[name] = value;
}
