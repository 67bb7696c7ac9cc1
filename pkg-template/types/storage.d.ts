import type { Awaitable, TokenInput } from "../index.js";

/**
 * Stores the record of one session. `oauth-refresher/storage` has ready-made storages.
 *
 * @example
 * ```ts
 * import { readFile, writeFile } from "node:fs/promises";
 * import type { TokenStorage } from "oauth-refresher";
 *
 * // For one process only: it neither compares nor locks.
 * const storage: TokenStorage = {
 *   load: async () => JSON.parse(await readFile("session.json", "utf8").catch(() => "null")),
 *   save: (record) => writeFile("session.json", JSON.stringify(record), { mode: 0o600 }),
 * };
 * ```
 */
export interface TokenStorage {
  /** The stored record, or null. */
  load(): Awaitable<TokenRecord | null | undefined>;
  /**
   * Stores `record`, or deletes it with null, in one atomic write. `expected` is the generation that this write replaces (null: nothing
   * is stored). A storage that can compare returns false, and writes nothing, if another generation is stored.
   */
  save(record: TokenRecord | null, expected: number | null): Awaitable<void | boolean>;
  /**
   * Runs `work` while no other context runs its own. Rejects with the signal's reason if it aborts during the wait.
   *
   * A lock across processes is a lease: it expires when its holder gave no sign of life for `leaseSeconds` (2 x `timeoutSeconds` + 60),
   * which is longer than any refresh. Such a lock passes a {@link LockGrant} to `work`.
   */
  lock?<T>(
    work: (grant?: LockGrant) => Promise<T>,
    options: { signal: AbortSignal; leaseSeconds?: number },
  ): Promise<T>;
  /**
   * Calls `changed` when another context wrote, or may have written while notifications were lost. It is only a hint to read again. Must
   * not keep the process running. Returns a function that unsubscribes. `generation`: that of the stored record, if the storage knows it
   * and compares: a refresher does not read again for the hint of its own write.
   */
  subscribe?(changed: (generation?: number) => void): () => void;
  /**
   * A synchronous `load`, where the platform has one (Web Storage). A page serves a stored access token by it before the core is loaded.
   * It may miss a concurrent write of another context, so the core reads with `load`.
   */
  peek?(): TokenRecord | null | undefined;
  /**
   * A name without secrets: two storages with the same name hold the same session. Refreshers of one realm share refreshes by it, and it
   * is part of the name of the lock across contexts.
   */
  readonly name?: string | undefined;
  /** Whether `save` is a compare-and-swap: compares `expected` with the stored generation and writes, in one step. */
  readonly conditionalSave?: boolean | undefined;
}

/** What a lock passes to its holder. */
export interface LockGrant {
  /** Whether the holder still has the lock. False after the lease expired, for example during a stall. */
  isHeld?(): Awaitable<boolean>;
  /** Why the lock was free: its last holder released it, has certainly ended, or gave no sign of life for its lease. */
  passedOn?: "released" | "dead" | "silent";
}

/** Runs `work` exclusively, in all contexts that share the lock. */
export type Lock = NonNullable<TokenStorage["lock"]>;

/** The stored record: plain JSON. The core owns it; a storage keeps it whole and reads only `generation`. */
export interface TokenRecord {
  /** The version of this format. */
  format: 1;
  /** Incremented by every write. */
  generation: number;
  /** The tokens, with the refresh token. */
  tokens: TokenInput;
  /** When the request for the tokens was sent, in Unix seconds by this device's clock. */
  obtained_at: number;
  /** The mark that is written before a refresh token is sent: the token may be spent. */
  pending?: {
    /** Id of the attempt; no secret. */
    attempt: string;
    /** Unix seconds. */
    started_at: number;
    /** Fingerprint of the refresh token that was sent; no secret. */
    fingerprint: string;
    /** When the token was sent once more because the outcome was unknown, in Unix seconds. */
    probed_at?: number;
  };
  /**
   * From and until when a call without options gets the access token, and when it expires, in Unix seconds. Absent under a mark. The
   * core writes it for pages that have not loaded the core yet, and does not read it.
   */
  fresh?: { from: number; until?: number; expires_at?: number };
  /** No request to the server before this time, in Unix seconds. */
  retry_at?: number;
  /** The login that the tokens descend from; no secret. */
  session?: string;
  /**
   * A fingerprint of the issuer (without one, of `token_endpoint`) and `client_id`; no secret. A record of another owner is not sent,
   * granted, revoked or deleted: there is no session, and a login replaces it. Records of older versions have none.
   */
  owner?: string;
  /** The thumbprint of the DPoP key that the tokens are bound to (RFC 9449 §6.1); no secret. Written by `oauth-refresher/dpop`. */
  dpop_jkt?: string;
}
