// @ts-check

/** The core as a module. Throws an error that says what to import instead, if WebAssembly is blocked. @param {BufferSource} bytes */
export async function compile(bytes) {
  try {
    return await WebAssembly.compile(bytes);
  } catch (/** @type {any} */ cause) {
    throw new Error(why(cause.message), { cause });
  }
}

/** The error text for a Content-Security-Policy differs by browser; workerd and edge runtimes have their own. @param {string} said */
function why(said) {
  const blocked = /CSP|-eval'/.test(said) ? "CSP without 'wasm-unsafe-eval'" : said;
  return /CSP|embedder|Edge|WebAssembly('|$| is)/.test(blocked)
    ? `${blocked}: import oauth-refresher/js`
    : said;
}
