// @ts-check
import { readFile, readlink } from "node:fs/promises";

/**
 * Names the process that holds a lock, and tells whether it is certainly dead.
 *
 * A process id is meaningless in another pid namespace (containers on one volume) and after a reboot, and is reused. So the holder also
 * writes its namespace, boot and start time (proc(5), pid_namespaces(7)). Death is concluded only if namespace and boot are the reader's
 * own. Elsewhere, including macOS and Windows, only a missing heartbeat counts.
 */

/** Process id, start time in clock ticks since boot, boot and namespaces. A dash means unknown. */
const HOLDER = /(?:^| )(\d{1,10}) (\d+|-) ([\w:[\]/-]+)\n?$/;
const UNKNOWN = "-";

/** @type {Promise<string> | undefined} */
let own;

/** The text that describes this process. */
export const ownProcess = () => (own ??= described());

async function described() {
  const place = await ownPlace();
  return `${process.pid} ${(await isOwnProc()) ? ((await lifeOf(process.pid))?.start ?? UNKNOWN) : UNKNOWN} ${place}`;
}

/** Whether the process in a holder's text is certainly dead. False if that is unknown. @param {string} text */
export async function isGone(text) {
  const [, digits, start, place] = HOLDER.exec(text) ?? [];
  const pid = Number(digits);
  if (!(pid > 0) || place === UNKNOWN || place !== (await ownPlace())) return false;
  if (!isThere(pid)) return true;
  if (start === UNKNOWN || !(await isOwnProc())) return false;
  const life = await lifeOf(pid);
  // Hidden (the mount option hidepid), or dead since: the next check finds out.
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

/** The boot and the namespaces: the scope of process ids and start times. */
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

/** Reads /proc/PID/stat, whose second field may contain spaces and parentheses. @param {number} pid */
async function lifeOf(pid) {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, threads, start] = [fields[0], fields[17], fields[19]];
  // A zombie with other threads may still finish system calls.
  return start ? { start, isZombie: (state === "Z" || state === "X") && Number(threads) <= 1 } : undefined;
}
