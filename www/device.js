// The device under all tabs of this page: its network can break, and it can sleep.
//
// Asleep, a device's clocks go on and its timers do not. So Date.now jumps here and performance.now does not; what the page's
// timers had left to wait they still wait. Broken, fetch rejects and navigator.onLine is false, as browsers do it. The servers
// here are on loopback, about which onLine says nothing: so the error itself says that nothing was sent, as Node's does.

/** `key` is where the tabs of one run keep what their device is like. */
export function startDevice(key) {
  const realNow = Date.now;
  const realFetch = window.fetch.bind(window);
  const events = new EventTarget();
  let device = { skippedMs: 0, offline: false };

  const stored = () => JSON.parse(localStorage.getItem(key) ?? "null") ?? device;
  const change = (changes) => {
    localStorage.setItem(key, JSON.stringify({ ...stored(), ...changes }));
    become(stored());
  };

  function become(next) {
    const sleptSeconds = (next.skippedMs - device.skippedMs) / 1000;
    const wasOffline = device.offline;
    device = next;
    if (sleptSeconds) {
      tell("slept", { seconds: sleptSeconds });
      document.dispatchEvent(new Event("visibilitychange")); // the screen is on again
    }
    if (device.offline !== wasOffline) {
      window.dispatchEvent(new Event(device.offline ? "offline" : "online"));
      tell("network", { offline: device.offline });
    }
  }
  const tell = (type, detail) => events.dispatchEvent(new CustomEvent(type, { detail }));

  device = stored();
  Date.now = () => realNow() + device.skippedMs;
  Object.defineProperty(navigator, "onLine", { configurable: true, get: () => !device.offline });
  window.addEventListener("storage", (event) => event.key === key && event.newValue && become(stored()));

  return {
    key,
    get isOffline() {
      return device.offline;
    },
    breakNetwork: () => change({ offline: true }),
    mendNetwork: () => change({ offline: false }),
    sleep: (seconds) => change({ skippedMs: stored().skippedMs + seconds * 1000 }),
    /** The network of this device. What the demo's controls ask of the servers does not go through it. */
    async fetch(input, init) {
      if (device.offline) throw new TypeError("Failed to fetch", { cause: { code: "ENETDOWN" } });
      return realFetch(input, init);
    },
    on: (type, listener) => events.addEventListener(type, ({ detail }) => listener(detail)),
  };
}

/** What earlier runs on this port left behind. */
export async function forgetEarlierRuns(run) {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("demo:") && !key.startsWith(`demo:${run}:`)) localStorage.removeItem(key);
  }
  for (const { name } of (await indexedDB.databases?.()) ?? []) {
    if (name?.startsWith("demo-") && !name.startsWith(`demo-${run}-`)) indexedDB.deleteDatabase(name);
  }
}
