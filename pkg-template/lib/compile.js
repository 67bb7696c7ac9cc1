// @ts-check

/** The core as a module, or an error that says what to import where WebAssembly may not be compiled. @param {BufferSource} bytes */
export async function compile(bytes) {
  try {
    return await WebAssembly.compile(bytes);
  } catch (/** @type {any} */ cause) {
    throw new Error(why(cause.message), { cause });
  }
}

/** Each browser has words of its own for a Content-Security-Policy, workerd and edge runtimes for a ban. @param {string} said */
function why(said) {
  const blocked = /CSP|-eval'/.test(said) ? "CSP without 'wasm-unsafe-eval'" : said;
  return /CSP|embedder|Edge|WebAssembly('|$| is)/.test(blocked)
    ? `${blocked}: import oauth-refresher/js`
    : said;
}
