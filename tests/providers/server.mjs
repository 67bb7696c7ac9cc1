// A strict server on loopback, made from a row: it accepts the request that the row describes and refuses every other one with a reason.
// It stands for any host: a header of the request names the address it was for.

import { strictEqual } from "node:assert";
import { proofChecker } from "../servers/proof.mjs";
import { isEveryClients } from "../servers/strict.mjs";
import { listen, readBody, respond } from "../servers/wire.mjs";
import { tokenBook } from "./book.mjs";
import { filled, flawOf } from "./values.mjs";

const ADDRESSED_TO = "x-addressed-to";
const VIOLATION = 418; // a status that the library does not interpret

class Violation extends Error {}

/** `next`: the fault of the next token request, `always`: of every one. An error of the row, or "lost" (the reply is lost). */
export async function startRow(row, client) {
  const book = tokenBook(row);
  const exchange = { row, client, seen: new Set(), proofs: proofChecker() };
  const violations = [];
  let requests = 0;
  let next;
  let always;
  let login; // a second call that exchanges the access token for the one to use

  const server = await listen(async (req, res) => {
    const body = await readBody(req);
    const address = req.headers[ADDRESSED_TO] + req.url;
    const { origin, pathname, searchParams } = new URL(address);
    if (row.documents?.[address]) return respond(res, 200, row.documents[address]);
    if (login && origin + pathname === row.login.address) return respond(res, 200, loggedIn(searchParams));
    requests++;
    const { method, headers } = req;
    Object.assign(exchange, { method, headers, body, address, path: req.url, credential: undefined });
    try {
      await requireAsDescribed(exchange, searchParams, req.rawHeaders);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violations.push(error.message);
      return respond(res, VIOLATION, { error: "violation", error_description: error.message });
    }
    const fault = next ?? always;
    next = undefined;
    if (fault?.status) return respond(res, fault.status, fault.json);
    const tokens = book.refresh(exchange.credential);
    if (!tokens) return respond(res, row.errors[0].status, row.errors[0].json);
    login = row.login && tokens.access_token;
    if (fault === "lost") return res.socket.destroy();
    const { json, string } = row.reply;
    respond(res, 200, string ? JSON.stringify(tokens.access_token) : filled(json, tokens, row, client));
  });

  function loggedIn(query) {
    strictEqual(query.get("access_token"), login);
    return { BhRestToken: `rest-${login}`, restUrl: "https://rest1.example/rest-services/1/" };
  }

  return {
    book,
    violations,
    get requests() {
      return requests;
    },
    set next(fault) {
      next = fault;
    },
    set always(fault) {
      always = fault;
    },
    /** The access token that the client must have. */
    get expected() {
      return (login ? "rest-" : "") + book.last.access_token;
    },
    /** A fetch that sends a request to this server instead of its host. */
    async fetch(input, init) {
      const request = new Request(input, init);
      const { origin, pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.set(ADDRESSED_TO, origin);
      const body = (await request.text()) || undefined;
      const { method, signal } = request;
      return fetch(server.origin + pathname + search, { method, signal, headers, body, redirect: "manual" });
    },
    close: server.close,
  };
}

async function requireAsDescribed(exchange, query, rawHeaders) {
  const { row, client, method, headers, body, address } = exchange;
  const wanted = row.request;
  const { place: added, header } = authentication(wanted.auth, client);
  const described = new URL(wanted.address);

  if (method !== wanted.method) violate(`the method is not ${wanted.method}`);
  const [at, base] = [address.split("?")[0], described.href.split("?")[0]];
  if (base.includes("$")) await requireValue("the path", base, decodeURIComponent(at), exchange);
  else if (at !== base) violate(`the address is not ${base}`);

  const fields = { accept: "application/json", ...wanted.headers, ...header };
  const type = wanted.form
    ? "application/x-www-form-urlencoded"
    : wanted.json || wanted.string
      ? "application/json"
      : undefined;
  if (headers["content-type"] !== type) violate(`content-type is not ${type}`);
  const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  for (const name of names) {
    if (!(name in fields) && !isEveryClients(name) && name !== ADDRESSED_TO)
      violate(`unknown header ${name}`);
    if (names.indexOf(name) !== names.lastIndexOf(name)) violate(`header ${name} came twice`);
  }
  for (const name in fields) await requireValue(`header ${name}`, fields[name], headers[name], exchange);

  const inBody = wanted.form || wanted.json;
  await requireMembers("query", { ...wanted.query, ...(!inBody && added) }, [...query], exchange);
  if (wanted.form)
    return requireMembers("form", { ...wanted.form, ...added }, [...new URLSearchParams(body)], exchange);
  if (wanted.json)
    return requireMembers("JSON", { ...wanted.json, ...added }, Object.entries(json(body)), exchange);
  if (wanted.string) return requireValue("the body", wanted.string, json(body), exchange);
  if (body) violate("there is a body");
}

/** The parameters and the header field of the client authentication. */
function authentication(auth, { id, secret }) {
  const form = (text) => new URLSearchParams([["", text]]).toString().slice(1);
  const basic = (text) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  switch (auth) {
    case "post":
      return { place: { client_id: "$id", client_secret: "$secret" } };
    case "public":
      return { place: { client_id: "$id" } };
    case "basic":
      return { header: basic(`${form(id)}:${form(secret)}`) };
    case "basic raw":
      return { header: basic(`${id}:${secret}`) };
    case "basic secret":
      return { header: basic(`${secret}:`) };
    case "none":
      return {};
  }
}

async function requireMembers(where, described, sent, exchange) {
  const names = sent.map(([name]) => name);
  for (const name of names) {
    if (!(name in described)) violate(`unknown ${where} parameter ${name}`);
    if (names.indexOf(name) !== names.lastIndexOf(name)) violate(`${where} parameter ${name} came twice`);
  }
  const values = Object.fromEntries(sent);
  for (const name in described)
    await requireValue(`${where} parameter ${name}`, described[name], values[name], exchange);
}

async function requireValue(what, pattern, value, exchange) {
  const flaw = await flawOf(pattern, value, exchange);
  if (flaw) violate(`${what} ${flaw}`);
}

/** The parsed body; a duplicate member is a violation, because JSON.parse would keep the last one. */
function json(body) {
  try {
    const value = JSON.parse(body);
    if (JSON.stringify(value) === body) return value;
  } catch {} // the error of JSON.parse quotes the body
  return violate("the body is not JSON, or has a duplicate member");
}

function violate(message) {
  throw new Violation(message);
}
