// @ts-check
// Whether the platform refused to send a request. Used by both drivers.

/** https://fetch.spec.whatwg.org/#port-blocking */
const BLOCKED =
  /^([179]|1[13579]|2[01235]|37|4[23]|53|69|7[79]|87|95|10[1-4]|109|11[013579]|123|13[579]|143|161|179|389|427|465|51[2-5]|526|53[0-2]|540|548|55[46]|563|587|601|636|989|99[035]|1719|172[03]|2049|3659|4045|4190|506[01]|6000|6566|666[5-9]|6679|6697|10080)$/;

/**
 * Whether `fetch` refused the URL's port. The errors of Node and Deno say so. A browser's error is the same as for a lost reply. Bun blocks
 * no port.
 * @param {string} url @param {any} error  Of `fetch`.
 */
export const isBlocked = (url, error) =>
  error?.name == "TypeError" &&
  (/bad port|Requests to port/.test(error.message + error.cause?.message) ||
    (!!globalThis.location && !error.code && BLOCKED.test(new URL(url).port)));
