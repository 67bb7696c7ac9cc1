import type { Awaitable, TokenInput } from "../index.js";

/**
 * Where the record of a session lives. See `oauth-refresher/storage` for ready-made ones.
 *
 * @example
 * ```ts
 * import { readFile, writeFile } from "node:fs/promises";
 * import type { TokenStorage } from "oauth-refresher";
 *
 * // for one process: nothing here compares or locks
 * const storage: TokenStorage = {
 *   load: async () => JSON.parse(await readFile("session.json", "utf8").catch(() => "null")),
 *   save: (record) => writeFile("session.json", JSON.stringify(record), { mode: 0o600 }),
 * };
 * ```
 */
export interface TokenStorage {
  /** What is stored, or null. */
  load(): Awaitable<TokenRecord | null | undefined>;
  /**
   * Stores `record`, or forgets with null, in one atomic write. `expected` is the generation this write replaces (null: nothing
   * stored). A storage that can compare answers false, and writes nothing, when it holds another generation.
   */
  save(record: TokenRecord | null, expected: number | null): Awaitable<void | boolean>;
  /**
   * Runs `work` while no other context runs its own; rejects with the signal's reason if it aborts while waiting.
   *
   * A lock that crosses processes is a lease: it passes on when its holder was silent for longer than `leaseSeconds`
   * (2 x `timeoutSeconds` + 60), which outlives all that a refresh may take. Such a lock gives `work` a {@link LockGrant}.
   */
  lock?<T>(
    work: (grant?: LockGrant) => Promise<T>,
    options: { signal: AbortSignal; leaseSeconds?: number },
  ): Promise<T>;
  /**
   * Calls `changed` when another context wrote, or may have written while nothing could be heard: a hint to read again, nothing more.
   * Keeps no process alive. Returns what ends it.
   */
  subscribe?(changed: () => void): () => void;
  /**
   * The same as `load`, at once, where the platform can read without waiting (Web Storage). A page shows a stored session by it before
   * the core is loaded. It may miss a write of another context that is under way: the core reads with `load`.
   */
  peek?(): TokenRecord | null | undefined;
  /**
   * What the storage is, without secrets: two storages of one name hold the same session. Refreshers of one realm share their
   * refreshes by it, and it goes into the name of the lock across contexts.
   */
  readonly name?: string | undefined;
  /** Whether `save` compares `expected` with what is stored, in one step with the write. */
  readonly conditionalSave?: boolean | undefined;
}

/** What a lock tells its holder. */
export interface LockGrant {
  /** Whether the holder still has the lock: false once the lease has passed on, after a stall for example. */
  isHeld?(): Awaitable<boolean>;
  /** How the lock came here: its last holder released it, has certainly ended, or was silent for longer than its lease. */
  passedOn?: "released" | "dead" | "silent";
}

/** Runs `work` alone, across whatever contexts it reaches. */
export type Lock = NonNullable<TokenStorage["lock"]>;

/** What is stored: plain JSON. Owned by the core; a storage keeps it whole and looks at nothing but `generation`. */
export interface TokenRecord {
  /** The version of this format. */
  format: 1;
  /** Grows by one with every write. */
  generation: number;
  /** With the refresh token. */
  tokens: TokenInput;
  /** When the request for the tokens was sent, in Unix seconds by this device's clock. */
  obtained_at: number;
  /** Written before a refresh token is sent: a context that finds it knows that the token may be spent. */
  pending?: {
    /** Which attempt it is; no secret. */
    attempt: string;
    /** Unix seconds. */
    started_at: number;
    /** Of the refresh token that was sent: tells it from another, and nothing more. */
    fingerprint: string;
    /** When the token was sent once more to learn the outcome, in Unix seconds. */
    probed_at?: number;
  };
  /**
   * From and until when the access token goes to callers without wishes, and when it expires, in Unix seconds. Absent under a mark.
   * The core writes it for a page that has not loaded the core yet, and does not read it.
   */
  fresh?: { from: number; until?: number; expires_at?: number };
  /** Unix seconds: do not ask the server before. */
  retry_at?: number;
  /** Names the login that the tokens descend from; no secret. */
  session?: string;
  /**
   * A fingerprint of the issuer (of `token_endpoint` where no `issuer` is given) and `client_id`; no secret. A record of another owner
   * is neither sent nor granted nor deleted: there is no session, and a login replaces it. Records of older versions have none.
   */
  owner?: string;
  /** The thumbprint of the DPoP key that the tokens are bound to (RFC 9449 §6.1); no secret. Written by `oauth-refresher/dpop`. */
  dpop_jkt?: string;
}
