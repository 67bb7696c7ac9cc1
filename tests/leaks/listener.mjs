// Captures all output of a test file and of the package in it, and fails the run if it contains eight consecutive characters of a
// token, secret, assertion or proof. Every test file imports it first. It learns secrets from requests, replies and records.

import fs from "node:fs";
import http from "node:http";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { inspect } from "node:util";
import { isMainThread } from "node:worker_threads";
import { RefreshError } from "oauth-refresher";
import { heard, leaks, learnAuthorization, learnBody, learnMembers, learnToken } from "./search.mjs";

// the originals, before they are replaced
const { parse, stringify } = JSON;
const EVENTS = ["token-changed", "refresh-failed", "session-ended", "storage-failed"];

if (isMainThread) {
  listenToTheWire();
  listenToRecords();
  listenToWrites();
  listenToEvents();
  listenToChannels();
  listenToFileNames();
  listenToErrors(RefreshError);
  process.on("exit", judge);
}

/** Captures every RefreshError of a copy of the package once it is complete: its constructor sets this field last. */
export function listenToErrors({ prototype }) {
  Object.defineProperty(prototype, "refreshTokenState", {
    configurable: true,
    set(value) {
      Object.defineProperty(this, "refreshTokenState", {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      heard("an error", everythingOf(this));
    },
  });
}

/** Everything that a log could show of a value. */
function everythingOf(value) {
  const texts = [inspect(value, { depth: 9, showHidden: true }), asText(value), written(value)];
  for (let error = value, depth = 0; error instanceof Error && depth < 9; error = error.cause, depth++)
    texts.push(error.message, error.stack);
  return texts.join("\n");
}

/** An object without a prototype has no text. */
const asText = (value) => {
  try {
    return String(value);
  } catch {
    return "";
  }
};

const written = (value) => {
  try {
    return stringify(value) ?? "";
  } catch {
    return "";
  }
};

function listenToTheWire() {
  const { emit } = http.Server.prototype;
  http.Server.prototype.emit = function (type, ...given) {
    if (type === "request") {
      const [{ headers, url }] = given;
      learnAuthorization(headers.authorization);
      learnToken(headers.dpop);
      learnBody(url.split("?")[1] ?? "");
    }
    return emit.call(this, type, ...given);
  };
  // a server that is a function gets its requests without a network
  globalThis.Request = class Request extends globalThis.Request {
    constructor(input, init) {
      super(input, init);
      learnAuthorization(this.headers.get("authorization") ?? "");
      learnToken(this.headers.get("dpop"));
      if (typeof init?.body === "string") learnBody(init.body);
    }
  };
  const { push } = http.IncomingMessage.prototype;
  http.IncomingMessage.prototype.push = function (chunk, ...rest) {
    if (chunk) learnBody(String(chunk));
    return push.call(this, chunk, ...rest);
  };
  for (const name of ["write", "end"]) {
    const original = http.ServerResponse.prototype[name];
    http.ServerResponse.prototype[name] = function (chunk, ...rest) {
      if (typeof chunk === "string" || Buffer.isBuffer(chunk)) learnBody(String(chunk));
      return original.call(this, chunk, ...rest);
    };
  }
}

/** Records, and the texts of the core and of servers that are functions, go through JSON. */
function listenToRecords() {
  const mayHold = (text) =>
    typeof text === "string" && text.length < 1e6 && /token|secret|assertion/i.test(text);
  JSON.parse = (text, reviver) => {
    const value = parse(text, reviver);
    if (mayHold(text)) learnMembers(value);
    return value;
  };
  JSON.stringify = (value, ...rest) => {
    const text = stringify(value, ...rest);
    if (mayHold(text)) learnMembers(parse(text));
    return text;
  };
}

function listenToWrites() {
  for (const stream of [process.stdout, process.stderr]) {
    const { write } = stream;
    stream.write = (chunk, ...rest) => {
      heard(stream.fd === 1 ? "standard output" : "standard error", String(chunk));
      return write.call(stream, chunk, ...rest);
    };
  }
  process.on("warning", (warning) => heard("a warning", everythingOf(warning)));
}

function listenToEvents() {
  const { dispatchEvent } = EventTarget.prototype;
  EventTarget.prototype.dispatchEvent = function (event) {
    if (EVENTS.includes(event.type) && event.detail) {
      // the only place for an access token
      const { tokens, ...detail } = event.detail;
      heard(`the event ${event.type}`, everythingOf(detail) + everythingOf(detail.error));
      heard("the refresher", everythingOf(this));
    }
    return dispatchEvent.call(this, event);
  };
}

function listenToChannels() {
  for (const { prototype } of [BroadcastChannel, MessagePort]) {
    const { postMessage } = prototype;
    prototype.postMessage = function (message, ...rest) {
      heard("a message", everythingOf(message));
      return postMessage.call(this, message, ...rest);
    };
  }
}

/** Locks of files are files: captures their names and contents. */
function listenToFileNames() {
  for (const name of ["open", "link", "rename", "writeFile", "mkdir"]) {
    const original = fs.promises[name];
    fs.promises[name] = (path, second, ...rest) => {
      heard("the name of a file", String(path));
      if (/\.(lock|write)\b/.test(String(path))) heard("a file that is a lock", String(second));
      return original(path, second, ...rest);
    };
  }
  Object.assign(createRequire(import.meta.url)("node:fs/promises"), fs.promises);
  syncBuiltinESMExports();
}

function judge() {
  const found = leaks();
  if (!found.length) return;
  process.exitCode = 1;
  fs.writeSync(
    2,
    `a secret was shown, in pieces of eight characters:\n  ${found.slice(0, 20).join("\n  ")}\n`,
  );
}
