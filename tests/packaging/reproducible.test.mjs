// The tarball is the same, byte for byte, wherever it is built: what is published can be built again and compared. With --long only:
// it builds the last commit in a folder of its own.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const CHECKOUT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const BUILD_LIMIT_MS = 1_200_000;
const hash = (folder) =>
  createHash("sha256")
    .update(readFileSync(join(folder, "dist/oauth-refresher.tgz")))
    .digest("hex");

if (process.env.OAUTH_REFRESHER_LONG)
  test("two builds in two folders are the same byte for byte", { timeout: BUILD_LIMIT_MS + 60_000 }, () => {
    const built = ["src", "pkg-template", "xtask", "Cargo.toml", "Cargo.lock"];
    const changed = execFileSync("git", ["status", "--porcelain", ...built], {
      cwd: CHECKOUT,
      encoding: "utf8",
    });
    assert.equal(changed, "", "what is not committed is in one of the builds only");
    const other = mkdtempSync(join(tmpdir(), "oauth-refresher-build-"));
    try {
      execFileSync("git", ["clone", "--quiet", CHECKOUT, other]);
      const { CARGO_TARGET_DIR, ...env } = process.env;
      execFileSync("cargo", ["xtask", "pack"], { cwd: other, env, stdio: "ignore", timeout: BUILD_LIMIT_MS });
      assert.equal(hash(other), hash(CHECKOUT));
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
