// @ts-check
/**
 * Runs one transaction. `work` makes its requests, and sets the result of the commit by `settle`.
 * @typedef {<T = any>(mode: IDBTransactionMode, stores: string[], work: (tx: IDBTransaction, settle: (answer: T) => void) => void) => Promise<T>} Transact
 * @typedef {Transact & { close: () => void, databaseName: string }} Database  After `close`, the next transaction opens it again.
 */

const OPEN_LIMIT_MS = 10_000;
const tooLate = Symbol("too late");

/** Opens the database at first use, and again after it was closed from outside. @param {string} name @returns {Database} */
export function open(name) {
  /** @type {Promise<Connection> | undefined} */
  let opening;

  const connection = () =>
    (opening ??= connect(name, () => (opening = undefined)).catch((error) => {
      opening = undefined;
      throw error;
    }));

  /** @type {Transact} */
  const transaction = async (mode, stores, work) => {
    const begun = connection();
    try {
      return await transact(await begun, mode, stores, work);
    } catch (/** @type {any} */ error) {
      // A dead connection has several errors, which differ by browser: UnknownError ("Connection to Indexed Database server lost",
      // WebKit), InvalidStateError, AbortError. So any error is followed by one retry on a new connection.
      if (error === tooLate)
        throw new Error(`indexedDbStorage: "${name}" did not open in time: another tab may block it`);
      if (opening === begun) opening = undefined;
      begun.then(({ end }) => end()).catch(() => {});
      return transact(await connection(), mode, stores, work);
    }
  };
  // Transactions in progress finish first.
  const close = () => void opening?.then(({ end }) => end()).catch(() => {});
  return Object.assign(transaction, { close, databaseName: name });
}

/** @template T @param {IDBRequest<T>} request @param {(result: T) => void} done */
export function send(request, done) {
  request.onsuccess = () => done(request.result);
}

/** @typedef {{ database: IDBDatabase, end: () => void }} Connection */

/** @param {string} name @param {() => void} closed @returns {Promise<Connection>} */
function connect(name, closed) {
  return new Promise((resolve, reject) => {
    if (!globalThis.indexedDB)
      throw new Error(
        "indexedDbStorage: there is no IndexedDB here: write fileStorage() of oauth-refresher/storage/node, or memoryStorage()",
      );
    const request = indexedDB.open(name, 1);
    // Another tab can block it without end, and some browsers fire neither event.
    const timer = setTimeout(() => {
      reject(tooLate);
      request.onsuccess = () => request.result.close();
    }, OPEN_LIMIT_MS);

    request.onupgradeneeded = () => {
      request.result.createObjectStore("sessions");
      request.result.createObjectStore("keys");
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error);
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      const database = request.result;
      // Also on pagehide: an open database can keep the page out of the back/forward cache, or evict it later.
      const end = () => {
        globalThis.removeEventListener?.("pagehide", end);
        database.close();
        closed();
      };
      database.onclose = end;
      database.onversionchange = end;
      globalThis.addEventListener?.("pagehide", end);
      resolve({ database, end });
    };
  });
}

/** @type {(connection: Connection, ...rest: Parameters<Transact>) => Promise<any>} */
function transact({ database }, mode, stores, work) {
  return new Promise((resolve, reject) => {
    /** @type {any} */
    let answer;
    const tx = database.transaction(stores, mode, { durability: mode == "readwrite" ? "strict" : "default" });
    tx.oncomplete = () => resolve(answer);
    tx.onabort = () => reject(tx.error ?? new DOMException("The transaction was aborted", "AbortError"));
    work(tx, (given) => (answer = given));
  });
}
