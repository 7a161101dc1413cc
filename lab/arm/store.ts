/** The store of the embedded Azure: resources in memory, every change first in the journal. */
import path from "node:path";
import lockfile from "proper-lockfile";
import { watchFile } from "../watchFile";
import { keyOf } from "./ids";
import { Journal, JournalMoved, type Op } from "./journal";
import { References } from "./references";
import type { StoredResource } from "./resource";

export type { StoredResource } from "./resource";

/** The store at one moment. Its resources are shared: read them, never write into them. */
export interface StoreSnapshot {
  /** Number of the last transaction; 0 for an empty store. */
  seq: number;
  /** By lower-cased id. */
  resources: ReadonlyMap<string, StoredResource>;
}

/** Reading and writing within a transaction; nothing lasts unless the whole function returns. */
export interface StoreTransaction {
  /** Number of the last committed transaction. */
  readonly seq: number;
  /** Whether machines run on this store; set by the opener of the transaction. */
  fabricRuns?: boolean;
  /** Milliseconds that a user's write goes on after it was answered; likewise. Default: none. */
  writeMs?: number;
  get(id: string): StoredResource | undefined;
  /** Resources that name the id, or a part of it. */
  usersOf(id: string): StoredResource[];
  all(): IterableIterator<StoredResource>;
  put(resource: StoredResource): void;
  delete(id: string): void;
}

/** Compaction is worth it when the journal holds this many lines more than four a resource. */
const COMPACT_ABOVE = 2000;
/** A holder that has not shown life for this long is dead: its lock is taken over. */
const LOCK_STALE_MS = 3000;
const LOCK_WAIT_MS = 30_000;

/**
 * Opened by any number of processes at once. Writers take a lock, read what the others wrote,
 * and append one line; a process that dies half-way leaves the last whole line as the truth.
 * A commit survives the death of any process; it is not forced to disk, so a power cut may
 * take the last ones.
 */
export class Store {
  readonly #journal: Journal;
  readonly #dir: string;
  #resources = new Map<string, StoredResource>();
  readonly #references = new References();
  #seq = 0;
  /** Transactions of this process run one after another before they meet the others' lock. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(dir: string) {
    this.#dir = dir;
    this.#journal = new Journal(dir);
    this.#refresh();
  }

  /** Opens the store in a folder, which is created if need be. */
  static open(dir: string): Store {
    return new Store(path.resolve(dir));
  }

  /** The store as it is now, with what other processes wrote. Later changes do not show in it. */
  snapshot(): StoreSnapshot {
    this.#refresh();
    return { seq: this.#seq, resources: new Map(this.#resources) };
  }

  /** Like {@link snapshot} with lookups and without a copy: valid until the next await. */
  view(): StoreTransaction {
    this.#refresh();
    return new Transaction(this.#seq, this.#resources, this.#references);
  }

  /**
   * Runs `change` alone among all processes and commits what it did, or nothing if it throws.
   * `change` must not wait for anything.
   */
  transact<T>(change: (tx: StoreTransaction) => T): Promise<T> {
    const run = this.#queue.then(() => this.#locked(() => this.#commit(change)));
    this.#queue = run.catch(() => undefined);
    return run;
  }

  /** Calls back after changes, by whichever process; at least once per burst. Returns the stop. */
  watch(onChange: () => void): () => void {
    return watchFile(this.#journal.file, onChange);
  }

  #commit<T>(change: (tx: StoreTransaction) => T): T {
    this.#refresh();
    const tx = new Transaction(this.#seq, this.#resources, this.#references);
    const result = change(tx);
    const ops = tx.ops();
    if (ops.length > 0) {
      const entry = { seq: this.#seq + 1, at: new Date().toISOString(), ops };
      this.#journal.append(entry);
      this.#seq = entry.seq;
      this.#apply(ops);
      this.#compact();
    }
    return result;
  }

  #compact(): void {
    if (this.#journal.lines <= this.#resources.size * 4 + COMPACT_ABOVE) return;
    const ops = [...this.#resources.values()].map((put) => ({ put }));
    this.#journal.compact({ seq: this.#seq, at: new Date().toISOString(), ops });
  }

  #refresh(): void {
    const { restarted, entries } = this.#journal.read();
    if (restarted) {
      this.#resources.clear();
      this.#references.clear();
      this.#seq = 0;
    }
    for (const { seq, ops } of entries) {
      this.#apply(ops);
      this.#seq = seq;
    }
  }

  #apply(ops: readonly Op[]): void {
    for (const op of ops) {
      if ("put" in op) {
        this.#resources.set(keyOf(op.put.id), op.put);
        this.#references.put(op.put);
      } else {
        this.#resources.delete(keyOf(op.delete));
        this.#references.delete(keyOf(op.delete));
      }
    }
  }

  async #locked<T>(work: () => T): Promise<T> {
    let lost: Error | undefined;
    const deadline = Date.now() + LOCK_WAIT_MS;
    for (let wait = 2; ; wait = Math.min(wait * 1.5, 50)) {
      try {
        const release = await lockfile.lock(this.#dir, {
          lockfilePath: path.join(this.#dir, "lock"),
          realpath: false,
          stale: LOCK_STALE_MS,
          onCompromised: (error) => {
            lost = error;
          },
        });
        try {
          if (lost !== undefined) throw lost;
          return work();
        } finally {
          await release().catch(() => undefined);
        }
      } catch (error) {
        const again =
          (error as NodeJS.ErrnoException).code === "ELOCKED" || error instanceof JournalMoved;
        if (!again || Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
      }
    }
  }
}

/** Reads through to the store; keeps its own changes apart until they are committed. */
class Transaction implements StoreTransaction {
  readonly #changed = new Map<string, StoredResource | undefined>();
  /** Users among the resources of this transaction. */
  readonly #own = new References();
  fabricRuns?: boolean;
  writeMs?: number;

  constructor(
    readonly seq: number,
    private readonly resources: ReadonlyMap<string, StoredResource>,
    private readonly references: References,
  ) {}

  get(id: string): StoredResource | undefined {
    const key = keyOf(id);
    return this.#changed.has(key) ? this.#changed.get(key) : this.resources.get(key);
  }

  usersOf(id: string): StoredResource[] {
    return this.references
      .usersOf(id)
      .flatMap((user) => (this.#changed.has(user) ? [] : (this.resources.get(user) ?? [])))
      .concat(this.#own.usersOf(id).flatMap((user) => this.#changed.get(user) ?? []));
  }

  *all(): IterableIterator<StoredResource> {
    for (const [key, resource] of this.resources) if (!this.#changed.has(key)) yield resource;
    for (const resource of this.#changed.values()) if (resource !== undefined) yield resource;
  }

  put(resource: StoredResource): void {
    this.#changed.set(keyOf(resource.id), resource);
    this.#own.put(resource);
  }

  delete(id: string): void {
    this.#changed.set(keyOf(id), undefined);
    this.#own.delete(keyOf(id));
  }

  ops(): Op[] {
    return [...this.#changed].map(([key, put]) => (put === undefined ? { delete: key } : { put }));
  }
}
