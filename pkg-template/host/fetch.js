// @ts-check
// Requests and responses as data, for a `refresher.fetch` in the host.

/** @param {{ url: string, signal: AbortSignal } & RequestInit} given @returns {[string, RequestInit]} */
export const readRequest = ({ url, ...init }) => [url, init];

/** @param {Response} response */
export async function sendableResponse(response) {
  const { status, statusText, url, redirected } = response;
  const headers = [...response.headers];
  return { status, statusText, url, redirected, headers, body: await sendableBody(response) };
}

/** A stream if streams can be transferred, else all bytes. @param {Response} response */
async function sendableBody(response) {
  if (!response.body || canTransferStreams()) return response.body;
  return response.arrayBuffer();
}

/** Safari cannot transfer streams. */
function canTransferStreams() {
  try {
    const stream = new ReadableStream();
    structuredClone(stream, { transfer: [stream] });
    return true;
  } catch {
    return false;
  }
}
