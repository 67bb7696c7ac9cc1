// Requests as in the documents and RFC 6749, by plain fetch, with changes that break a rule.

import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";

const FORM = "application/x-www-form-urlencoded";

export function go1Refresh(go1, given = {}, change = {}) {
  const { form = {}, headers, append = "", query = "", path, method } = change;
  const refresh_token = go1.mint().refresh_token;
  const body =
    formBody({ grant_type: "refresh_token", ...go1.client, refresh_token, ...given, ...form }) + append;
  const address = (path ? go1.origin + path : go1.token_endpoint) + query;
  return send(address, { method, body, headers: { "Content-Type": FORM, ...headers } });
}

export function goToRefresh(goTo, given = {}, { form = {}, headers, encode = (text) => text } = {}) {
  const refresh_token = goTo.mint().refresh_token;
  const body = formBody({ grant_type: "refresh_token", refresh_token, ...given, ...form });
  const Authorization = basic(goTo.client, encode);
  return send(goTo.token_endpoint, { body, headers: { "Content-Type": FORM, Authorization, ...headers } });
}

export function vaultRefresh(vault, refreshToken, { headers, member, body } = {}) {
  const documented = { partnerId: "4711", grantType: "refresh_token", "Content-Type": "application/json" };
  return send(vault.token_endpoint, {
    body: body ?? JSON.stringify({ refreshToken, ...member }),
    headers: { ...documented, ...headers },
  });
}

/** `name` is the client: "none", "basic" or "post". */
export function oidcRefresh(oidc, name, refresh_token, { encode = formEncoded } = {}) {
  const client = oidc.clients[name];
  const isBasic = name === "basic";
  const body = formBody({ grant_type: "refresh_token", refresh_token, ...(isBasic ? {} : client) });
  const headers = { "Content-Type": FORM, Authorization: isBasic ? basic(client, encode) : undefined };
  return send(oidc.token_endpoint, { body, headers });
}

/** Calls the protected resource. */
export async function use(server, access_token, headers = {}) {
  return send(server.resource.url, {
    method: "GET",
    headers: { ...headers, Authorization: `Bearer ${access_token}` },
  });
}

/** A POST with exactly these header lines, also repeated ones, which fetch would join. */
export function sendLines(address, headers) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(address, { method: "POST", headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve(JSON.parse(text));
    });
    request.on("error", reject).end();
  });
}

export function assertRefused({ status, reply }, expectedStatus, error, ...sentences) {
  assert.deepEqual([status, reply.error], [expectedStatus, error]);
  assert.match(reply.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/, "RFC 6749 section 5.2");
  for (const sentence of sentences) assert.match(reply.error_description, sentence);
}

/** RFC 6749 appendix B. */
export function formEncoded(text) {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

async function send(address, { method = "POST", headers, body }) {
  const kept = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
  const response = await fetch(address, { method, headers: kept, body, redirect: "manual" });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, reply: parsed(text) };
}

function basic({ client_id, client_secret }, encode) {
  return `Basic ${btoa(`${encode(client_id)}:${encode(client_secret)}`)}`;
}

function formBody(parameters) {
  return new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== null)).toString();
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
