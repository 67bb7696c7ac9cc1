// @ts-check
// Requests and responses as data, for `refresher.fetch` that runs in the host.

/** @param {{ url: string, signal: AbortSignal } & RequestInit} given @returns {[string, RequestInit]} */
export const readRequest = ({ url, ...init }) => [url, init];

/** @param {Response} response */
export async function sendableResponse(response) {
  const { status, statusText, url, redirected } = response;
  const headers = [...response.headers];
  return { status, statusText, url, redirected, headers, body: await sendableBody(response) };
}

/** A stream where streams can be transferred, else all bytes at once. @param {Response} response */
async function sendableBody(response) {
  if (!response.body || canTransferStreams()) return response.body;
  return response.arrayBuffer();
}

/** Safari transfers none. */
function canTransferStreams() {
  try {
    const stream = new ReadableStream();
    structuredClone(stream, { transfer: [stream] });
    return true;
  } catch {
    return false;
  }
}
