// The database that two machines share, reached over HTTP: as the usual lines use one, and as a storage with a lock and a comparison.

const RENEW_MS = 4000;
const ASK_AGAIN_MS = 100;

const sent = async (url, body) => (await fetch(url, { method: "POST", body: JSON.stringify(body) })).json();

export function usualStore(base) {
  const store = `${base}/store`;
  return {
    getItem: async () => (await (await fetch(store)).json()).value,
    setItem: (key, value) => sent(store, { value }),
    removeItem: () => sent(store, { value: null }),
  };
}

export function sharedStorage(base) {
  const owner = crypto.randomUUID();
  const held = async () => (await sent(`${base}/lock`, { owner })).held;
  return {
    load: async () => (await (await fetch(`${base}/store`)).json()).value,
    save: async (record, expected) => (await sent(`${base}/store`, { value: record, expected })).saved,
    async lock(work, { signal }) {
      while (!(await held())) {
        signal.throwIfAborted();
        await new Promise((again) => setTimeout(again, ASK_AGAIN_MS));
      }
      const renewal = setInterval(held, RENEW_MS);
      try {
        return await work();
      } finally {
        clearInterval(renewal);
        await sent(`${base}/lock`, { owner, release: true });
      }
    },
  };
}
