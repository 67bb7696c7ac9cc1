// Folders of their own for tests of files, holders of locks that are not there, and a system that refuses. Not a test by itself.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before } from "node:test";

let root;
before(() => (root = fs.mkdtempSync(join(tmpdir(), "oauth-refresher-lock-"))));
after(() => fs.rmSync(root, { recursive: true, force: true }));

let places = 0;
/** A folder of its own for each test. */
export function place(name = "session.json") {
  const folder = join(root, String(++places));
  fs.mkdirSync(folder);
  return join(folder, name);
}

/** A small file system in memory with a file that fills it. */
export async function fullDisk(t) {
  const mounted = await mount(t, "size=64k");
  if (!mounted) return;
  try {
    fs.writeFileSync(join(mounted.folder, "filler"), Buffer.alloc(1 << 20));
  } catch {}
  return { path: join(mounted.folder, "session.json"), end: mounted.end };
}

export async function readOnly(t) {
  const mounted = await mount(t, "size=64k,ro");
  return mounted && { path: join(mounted.folder, "session.json"), end: mounted.end };
}

export async function forbidden(t) {
  const path = place();
  if (process.platform === "win32") return void t.skip("its permissions are others");
  fs.chmodSync(root, 0o755);
  fs.chmodSync(dirname(path), 0o555);
  const isRoot = process.getuid() === 0;
  if (isRoot) process.seteuid(65534); // root may write everywhere
  return {
    path,
    end() {
      if (isRoot) process.seteuid(0);
      fs.chmodSync(dirname(path), 0o700);
    },
  };
}

async function mount(t, options) {
  const folder = dirname(place());
  const run = (...words) =>
    once(spawn(words[0], words.slice(1), { stdio: "ignore" }), "close").catch(() => [1]);
  const [code] = await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
  if (code !== 0) return void t.skip("mount needs root");
  return { folder, end: () => run("umount", "-l", folder) };
}

/** The text of a holder that is not there: by default one whose process cannot be known. */
export function holder({ leaseSeconds = 60, beats = 0, process = "1 1 -" }) {
  return `${crypto.randomUUID().replace(/^./, "a")} ${leaseSeconds} ${String(beats).padStart(10, "0")} ${process}\n`;
}

/** The package's functions of node:fs/promises, replaced while `work` runs. */
export async function withFs(replaced, work) {
  const before = Object.fromEntries(Object.keys(replaced).map((name) => [name, fs.promises[name]]));
  Object.assign(fs.promises, replaced);
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    Object.assign(fs.promises, before);
    syncBuiltinESMExports();
  }
}

/** The monotonic clock, faster: a lease of half a minute passes in seconds. */
export function quickened(factor) {
  const now = performance.now.bind(performance);
  const begun = now();
  performance.now = () => begun + factor * (now() - begun);
  return { now: () => performance.now(), end: () => void delete performance.now };
}

export function record(generation) {
  return { format: 1, generation, tokens: { refresh_token: `refresh ${generation}` }, obtained_at: 1 };
}

export const never = () => {
  throw new Error("it has no lock");
};
export const within = (seconds) => ({ signal: AbortSignal.timeout(seconds * 1000) });
