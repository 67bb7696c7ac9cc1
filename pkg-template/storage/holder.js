// @ts-check
import { readFile, readlink } from "node:fs/promises";

/**
 * Which process holds a lock, and whether that process is certainly gone.
 *
 * A process id means nothing in another pid namespace (containers on one volume) or after a reboot, and may be used again. So the holder
 * writes its namespace, the boot, and its start time beside it (proc(5), pid_namespaces(7)), and death is concluded only where
 * namespace and boot are the reader's own. Everywhere else, macOS and Windows included, only silence counts.
 */

/** One word for each fact: process id, start time in clock ticks since boot, boot and namespaces. A dash is unknown. */
const HOLDER = /(?:^| )(\d{1,10}) (\d+|-) ([\w:[\]/-]+)\n?$/;
const UNKNOWN = "-";

/** @type {Promise<string> | undefined} */
let own;

/** This process, as a holder writes it. */
export const ownProcess = () => (own ??= described());

async function described() {
  const place = await ownPlace();
  return `${process.pid} ${(await isOwnProc()) ? ((await lifeOf(process.pid))?.start ?? UNKNOWN) : UNKNOWN} ${place}`;
}

/** Whether the process that a holder's text names is certainly gone. False where that cannot be known. @param {string} text */
export async function isGone(text) {
  const [, digits, start, place] = HOLDER.exec(text) ?? [];
  const pid = Number(digits);
  if (!(pid > 0) || place === UNKNOWN || place !== (await ownPlace())) return false;
  if (!isThere(pid)) return true;
  if (start === UNKNOWN || !(await isOwnProc())) return false;
  const life = await lifeOf(pid);
  // hidden (the mount option hidepid), or gone since: the next look tells
  if (!life) return false;
  return life.start !== start || life.isZombie;
}

/** @param {number} pid */
function isThere(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (/** @type {any} */ error) {
    return error.code !== "ESRCH"; // EPERM: another user's process
  }
}

/** The boot and the namespaces in which process ids and start times mean the same. */
async function ownPlace() {
  try {
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    const pids = await readlink("/proc/self/ns/pid");
    const times = await readlink("/proc/self/ns/time").catch(() => UNKNOWN);
    return `${boot}/${pids}/${times}`;
  } catch {
    return UNKNOWN;
  }
}

/** Whether /proc shows this process's own namespace: `unshare --pid` alone leaves the outer one mounted. */
async function isOwnProc() {
  return (await readlink("/proc/self").catch(() => "")) === String(process.pid);
}

/** Of /proc/PID/stat, whose second field may hold spaces and parentheses. @param {number} pid */
async function lifeOf(pid) {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, threads, start] = [fields[0], fields[17], fields[19]];
  // a zombie that still has threads may finish what the kernel was asked for
  return start ? { start, isZombie: (state === "Z" || state === "X") && Number(threads) <= 1 } : undefined;
}
