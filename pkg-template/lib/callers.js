// @ts-check

/** @typedef {{ resolve: (value?: any) => void, reject: (reason: unknown) => void }} Caller */

/** Callers that wait for the core's answer, by number. Aborting detaches one caller and nothing else. */
export class Callers {
  /** @type {Map<number, Caller>} */
  #waiting = new Map();
  #last = 0;

  get size() {
    return this.#waiting.size;
  }

  /** @param {number} id */
  has(id) {
    return this.#waiting.has(id);
  }

  /**
   * A new caller: its number, and the promise of its answer. `withdrawn` is called if its signal aborts first.
   * @param {AbortSignal | undefined} signal @param {(id: number) => void} withdrawn
   */
  add(signal, withdrawn) {
    const id = (this.#last = (this.#last % 0xffffffff) + 1);
    const answer = new Promise((resolve, reject) => {
      const aborted = () => {
        this.#waiting.delete(id);
        withdrawn(id);
        reject(signal?.reason);
      };
      const done = () => signal?.removeEventListener("abort", aborted);
      this.#waiting.set(id, {
        resolve: (value) => (done(), resolve(value)),
        reject: (reason) => (done(), reject(reason)),
      });
      signal?.addEventListener("abort", aborted, { once: true });
    });
    return { id, answer };
  }

  /** @param {number} id */
  take(id) {
    const caller = this.#waiting.get(id);
    this.#waiting.delete(id);
    return caller;
  }

  /** All of them; none waits any more. */
  takeAll() {
    const callers = [...this.#waiting.values()];
    this.#waiting.clear();
    return callers;
  }
}
