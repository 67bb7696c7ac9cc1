// @ts-check

/** So much of a secret in a row is too much. */
const RUN = 8;

/** Knows what must not be seen, and takes it out of texts that others wrote: a server's error, a storage's. */
export function scrubber() {
  /** The newest last. Not a set, which would hash each text: a refresh teaches its tokens five times. @type {string[]} */
  let secrets = [];

  /** @param {unknown} text @returns {any} */
  function scrub(text) {
    if (typeof text != "string") return undefined;
    // Only so much is shown. A secret that is cut here is found by what is left of it.
    const said = text.slice(0, 500);
    let clean = "";
    for (let at = 0; at < said.length;) {
      const run = said.slice(at, at + RUN);
      const leak = run.length == RUN && secrets.find((secret) => secret.includes(run));
      if (!leak) {
        clean += said[at++];
        continue;
      }
      // as far as the text goes on as the secret does
      let from = leak.indexOf(run) + RUN;
      for (at += RUN; at < said.length && said[at] === leak[from]; at++) from++;
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
    /** @param {unknown[]} values  What is secret from now on; what was secret before stays so for a while. */
    learn(values) {
      // the media types of a request are among them
      for (const value of values)
        if (typeof value == "string" && value.length >= RUN && !/^application\//.test(value))
          if (!secrets.slice(-9).includes(value))
            secrets = [...secrets.filter((other) => other != value), value].slice(-300);
    },
    presentable,
  };
}
