// @ts-check

/**
 * An EventTarget that isolates its listeners: if one throws or its promise rejects, the error is only reported. In Node it would
 * otherwise end the process.
 */
export class GuardedEventTarget extends EventTarget {
  /** @type {WeakMap<object, (event: Event) => void>} */
  #guards = new WeakMap();

  /** @param {string} type @param {any} listener @param {any} [options] */
  addEventListener(type, listener, options) {
    super.addEventListener(type, listener && this.#guarded(listener), options);
  }

  /** @param {string} type @param {any} listener @param {any} [options] */
  removeEventListener(type, listener, options) {
    super.removeEventListener(type, listener && (this.#guards.get(listener) ?? listener), options);
  }

  /** @param {any} listener */
  #guarded(listener) {
    let guard = this.#guards.get(listener);
    if (!guard) {
      guard = (event) => {
        try {
          const heard =
            typeof listener == "function" ? listener.call(this, event) : listener.handleEvent(event);
          heard?.then?.(undefined, report);
        } catch (error) {
          report(error);
        }
      };
      this.#guards.set(listener, guard);
    }
    return guard;
  }
}

/** @param {unknown} error  Thrown by the listener. */
function report(error) {
  if (typeof reportError == "function") reportError(error);
  else console.error(error);
}
