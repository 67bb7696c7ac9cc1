// @ts-check

/**
 * @typedef {object} Caller
 * @property {(value?: any) => void} resolve
 * @property {(reason: unknown) => void} reject
 * @property {(id: number) => void} [withdrawn]  Called if the signal aborts first.
 * @property {string} [wish]  The options and time of the call, as text.
 */

/** Waiting callers, by number. An abort detaches only the callers of its signal. */
export class Callers {
  /** @type {Map<number, Caller>} */
  #waiting = new Map();
  #last = 0;
  /** The promise of the last caller. @type {any} */
  #answer;
  /** The callers' numbers by signal. They share one listener, because Node warns of more than ten. @type {Map<AbortSignal, number[]> | undefined} */
  #signals;

  get size() {
    return this.#waiting.size;
  }

  /** @param {number} id */
  has(id) {
    return this.#waiting.has(id);
  }

  /**
   * Adds a caller: its number and the promise of its answer. A caller with the same wish as the last waiting one shares that promise, and
   * gets no number.
   * @param {AbortSignal} [signal] @param {Caller["withdrawn"]} [withdrawn] @param {string} [wish]
   */
  add(signal, withdrawn, wish) {
    if (wish && wish == this.#waiting.get(this.#last)?.wish) return { answer: this.#answer };
    const id = (this.#last = (this.#last % 0xffffffff) + 1);
    this.#answer = new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, withdrawn, wish });
    });
    if (signal) {
      const ids = (this.#signals ??= new Map()).get(signal) ?? [];
      this.#signals.set(signal, ids);
      ids.push(id);
      signal.addEventListener("abort", this.#aborted);
    }
    return { id, answer: this.#answer };
  }

  /** @param {number} id */
  take(id) {
    const caller = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!this.size) this.#unlisten();
    return caller;
  }

  /** Settles all waiting callers. @param {"resolve" | "reject"} how @param {unknown} [answer] */
  answerAll(how, answer) {
    const callers = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#unlisten();
    for (const caller of callers) caller[how](answer);
  }

  /** @param {any} event */
  #aborted = ({ target }) => {
    for (const id of this.#signals?.get(target) ?? []) {
      const caller = this.take(id);
      caller?.withdrawn?.(id);
      caller?.reject(target.reason);
    }
  };

  #unlisten() {
    for (const signal of this.#signals?.keys() ?? []) signal.removeEventListener("abort", this.#aborted);
    // The answer contains tokens.
    this.#signals = this.#answer = undefined;
  }
}
