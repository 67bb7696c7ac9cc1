// @ts-check

/** Length of the shortest part of a secret that is redacted. */
const RUN = 8;

/** Characters of remembered secrets: of refresh tokens, and of all others. */
const REMEMBERED = 1 << 17;

/** Remembers secrets and redacts them in foreign texts, such as errors of a server or a storage. */
export function scrubber() {
  /** Other secrets, and refresh tokens separately: a server may quote one many rotations later. */
  let known = [new Texts(), new Texts()];

  /** @param {unknown} text @returns {any} */
  function scrub(text) {
    if (typeof text != "string") return undefined;
    const all = known.join();
    // At most this much is shown. A secret that is cut here is found by its remaining part.
    const said = text.slice(0, 500);
    let clean = "";
    for (let at = 0; at < said.length;) {
      const run = said.slice(at, at + RUN);
      let from = run.length < RUN ? -1 : all.indexOf(run);
      if (from < 0) {
        clean += said[at++];
        continue;
      }
      // Skips the text as long as it equals the secret.
      for (; at < said.length && said[at] === all[from]; at++) from++;
      clean += "[redacted]";
    }
    return clean;
  }

  /**
   * A copy of an error of the platform, a storage or a function, without secrets: name, message, code and cause. The message of a
   * SyntaxError is replaced, because it quotes the text.
   * @param {any} error @param {number} [depth] @returns {Error}
   */
  function presentable(error, depth = 0) {
    const name = scrub(String(error?.name ?? "Error"));
    const { message, code, cause } = error ?? {};
    const shown = new Error(name == "SyntaxError" ? "the text cannot be parsed" : scrub(message) || name);
    return Object.assign(
      shown,
      { name },
      typeof code == "string" && { code: scrub(code) },
      cause && depth < 4 && { cause: presentable(cause, depth + 1) },
    );
  }

  return {
    scrub,
    /** Remembers values as secrets, by their names. Not scopes, media types and short words, which servers use in sentences. @param {object | null} [values] */
    learn(values) {
      for (const [name, value] of Object.entries(values || "")) {
        const kind = +(name == "refresh_token");
        const least = /token|secret|key|pass|auth/i.test(name) ? RUN : 2 * RUN;
        if (typeof value == "string" && value.length >= least && !/scope|type|accept/i.test(name))
          known[kind]?.learn(name, value);
      }
    },
    presentable,
    /** Forgets all secrets: nothing is in flight whose text could contain one. */
    forget: () => void (known = [new Texts(), new Texts()]),
  };
}

/** Texts, the newest last. Each refresh adds its tokens five times, so adding neither hashes, copies nor searches. */
class Texts {
  /** @type {string[]} */
  #all = [];
  /** @type {Map<string, string>} */
  #latest = new Map();
  #length = 0;

  /** @param {string} name @param {string} text */
  learn(name, text) {
    if (this.#latest.get(name) === text) return;
    this.#latest.set(name, text);
    this.#all.push(text);
    this.#length += text.length;
    while (this.#length > REMEMBERED && this.#all.length > 1) {
      const oldest = /** @type {string} */ (this.#all.shift());
      this.#length -= oldest.length;
      for (const [name, text] of this.#latest) if (text === oldest) this.#latest.delete(name);
    }
  }

  toString() {
    return this.#all.join("\n");
  }
}
