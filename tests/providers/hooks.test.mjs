// The presets that are functions: what becomes of the session when the part that no data says goes wrong.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { apple } from "oauth-refresher/providers";

test("apple_wants_a_private_key", () => {
  for (const privateKey of [undefined, "-----BEGIN PRIVATE KEY-----", {}])
    assert.throws(() => apple({ client_id: "a", team_id: "t", key_id: "k", privateKey }), {
      name: "TypeError",
      message: /apple: privateKey must be a private CryptoKey/,
    });
});
