// @ts-check

/** So much of a secret in a row is too much. */
const RUN = 8;

/** So many characters of what was secret are remembered, of refresh tokens and of everything else. */
const REMEMBERED = 1 << 17;

/** Knows what must not be seen, and takes it out of texts that others wrote: a server's error, a storage's. */
export function scrubber() {
  /** All the others, and refresh tokens: a server may quote one many rotations later. */
  let known = [new Texts(), new Texts()];

  /** @param {unknown} text @returns {any} */
  function scrub(text) {
    if (typeof text != "string") return undefined;
    const all = known.join();
    // Only so much is shown. A secret that is cut here is found by what is left of it.
    const said = text.slice(0, 500);
    let clean = "";
    for (let at = 0; at < said.length;) {
      const run = said.slice(at, at + RUN);
      let from = run.length < RUN ? -1 : all.indexOf(run);
      if (from < 0) {
        clean += said[at++];
        continue;
      }
      // as far as the text goes on as the secret does
      for (; at < said.length && said[at] === all[from]; at++) from++;
      clean += "[redacted]";
    }
    return clean;
  }

  /**
   * An error of the platform, a storage or a function as it may be shown: name, message, code and cause, without secrets. The
   * message of a SyntaxError quotes the text that could not be read.
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
    /** What is secret from now on, by its name: scopes and media types, and words that are short, are in the sentences of servers. @param {object | null} [values] */
    learn(values) {
      for (const [name, value] of Object.entries(values || "")) {
        const kind = +(name == "refresh_token");
        const least = /token|secret|key|pass|auth/i.test(name) ? RUN : 2 * RUN;
        if (typeof value == "string" && value.length >= least && !/scope|type|accept/i.test(name))
          known[kind]?.learn(name, value);
      }
    },
    presentable,
    /** Nothing is in flight that could show one. */
    forget: () => void (known = [new Texts(), new Texts()]),
  };
}

/** Texts, the newest last. A refresh teaches its tokens five times: none is hashed, copied or searched for. */
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
