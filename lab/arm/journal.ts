/** The store's file: one line per committed transaction, appended; read again from where one was. */
import fs from "node:fs";
import path from "node:path";
import type { StoredResource } from "./resource";

/** One change to one resource. */
export type Op = { put: StoredResource } | { delete: string };

/** One committed transaction. */
export interface Entry {
  /** 1, 2, 3 …: the store's state is named by its last one. */
  seq: number;
  /** ISO time of the commit. */
  at: string;
  ops: Op[];
}

/** A journal that cannot be read: a line that is whole and yet no entry. */
export class JournalError extends Error {}

/** Someone committed between the read and the append: this writer lost its lock meanwhile. */
export class JournalMoved extends Error {}

const NEWLINE = 0x0a;

/** Inodes are used again after a few compactions: the time of birth tells such files apart. */
const identityOf = (stat: fs.Stats): string => `${stat.ino}:${stat.birthtimeMs}`;

/**
 * Reader and writer of `journal.jsonl`. A line without its newline was never committed: readers
 * leave it alone (the writer may still be at it), the next writer cuts it off.
 */
export class Journal {
  readonly file: string;
  /** Bytes of whole lines read so far, of this file. */
  #offset = 0;
  #identity = "";
  /** Lines read so far; with the number of resources it says when a compaction is worth it. */
  lines = 0;

  constructor(dir: string) {
    fs.mkdirSync(dir, { recursive: true });
    this.file = path.join(dir, "journal.jsonl");
  }

  /**
   * Entries that came since the last call; `restarted` says that the file was replaced (by a
   * compaction, or because someone emptied the store) and that these are all there are.
   */
  read(): { restarted: boolean; entries: Entry[] } {
    let fd: number;
    try {
      fd = fs.openSync(this.file, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      const restarted = this.#identity !== "";
      this.#restart("");
      return { restarted, entries: [] };
    }
    try {
      const stat = fs.fstatSync(fd);
      const restarted = identityOf(stat) !== this.#identity || stat.size < this.#offset;
      if (restarted) this.#restart(identityOf(stat));
      return { restarted, entries: this.#entries(fd, stat.size) };
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Appends one entry. Only under the store's lock, after a `read`. */
  append(entry: Entry): void {
    const fd = fs.openSync(this.file, "a+");
    try {
      const stat = fs.fstatSync(fd);
      if (stat.size > this.#offset) this.#cut(fd, stat.size);
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      let written = 0;
      while (written < line.length) written += fs.writeSync(fd, line, written);
      this.#identity = identityOf(stat);
      this.#offset += line.length;
      this.lines += 1;
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Replaces all lines by one, in one step. Only under the store's lock. */
  compact(entry: Entry): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    const fresh = `${this.file}.new`;
    fs.writeFileSync(fresh, line);
    const stat = fs.statSync(fresh);
    fs.renameSync(fresh, this.file);
    this.#restart(identityOf(stat));
    this.#offset = line.length;
    this.lines = 1;
  }

  /** Removes a line that was never finished; a finished one is another's commit. */
  #cut(fd: number, size: number): void {
    const tail = Buffer.alloc(size - this.#offset);
    fs.readSync(fd, tail, 0, tail.length, this.#offset);
    if (tail.includes(NEWLINE)) throw new JournalMoved(`${this.file} has entries not read yet`);
    fs.ftruncateSync(fd, this.#offset);
  }

  #restart(identity: string): void {
    this.#identity = identity;
    this.#offset = 0;
    this.lines = 0;
  }

  #entries(fd: number, size: number): Entry[] {
    const fresh = Buffer.alloc(size - this.#offset);
    let got = 0;
    while (got < fresh.length) {
      const n = fs.readSync(fd, fresh, got, fresh.length - got, this.#offset + got);
      if (n === 0) break;
      got += n;
    }
    const entries: Entry[] = [];
    let start = 0;
    for (let end = fresh.indexOf(NEWLINE); end >= 0 && end < got; ) {
      entries.push(this.#parse(fresh.subarray(start, end)));
      start = end + 1;
      end = fresh.indexOf(NEWLINE, start);
    }
    this.#offset += start;
    return entries;
  }

  #parse(line: Buffer): Entry {
    this.lines += 1;
    try {
      return JSON.parse(line.toString()) as Entry;
    } catch (cause) {
      throw new JournalError(`${this.file}, line ${this.lines}: not an entry of the store`, {
        cause,
      });
    }
  }
}
