/** The disk of a machine: the image, under a file system of limited size that keeps what it writes. */
import { mkdir, open, readFile, rm, stat, statfs, writeFile } from "node:fs/promises";
import path from "node:path";
import { CommandError, run } from "../run";

/** Bytes that a machine can write before its disk is full; the file is sparse. */
export const DISK_BYTES = 2 * 1024 ** 3;

/** The content of a new disk. */
export interface DiskContent {
  /** Root file system below it. */
  image: string;
  /** By path on the machine; only on a disk that nobody has ever booted. */
  files: Record<string, string | Uint8Array>;
  /** Another number is another disk: the one before is thrown away. */
  generation: number;
}

export class Disk {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** The machine's `/`. */
  get root(): string {
    return path.join(this.#dir, "root");
  }

  /**
   * Mounts a machine's disk, which is made if there is none of its generation yet. Mounts live in
   * the mount namespace of the caller, and go with it: the loop device frees itself.
   */
  static async attach(dir: string, content: DiskContent): Promise<Disk> {
    const disk = new Disk(dir);
    const blocks = path.join(dir, "disk.img");
    const made = path.join(dir, "made");
    const mark = String(content.generation);
    const isNew = (await readFile(made, "utf8").catch(() => undefined)) !== mark;
    if (isNew) {
      await rm(dir, { recursive: true, force: true });
      for (const name of ["disk", "root"]) await mkdir(path.join(dir, name), { recursive: true });
      await format(blocks);
    }
    const own = path.join(dir, "disk");
    await mountBlocks(blocks, own);
    await disk.empty();
    for (const name of ["upper", "work"]) await mkdir(path.join(own, name), { recursive: true });
    const layers = [`lowerdir=${content.image}`, `upperdir=${own}/upper`, `workdir=${own}/work`];
    await run(["mount", "-t", "overlay", "overlay", "-o", layers.join(","), disk.root]);
    if (isNew) {
      for (const [file, text] of Object.entries(content.files)) {
        const target = path.join(disk.root, file);
        await mkdir(path.dirname(target), { recursive: true });
        await writeFile(target, text, { mode: 0o600 });
      }
      // Last: a disk without this mark is one that nobody has ever booted.
      await writeFile(made, mark);
    }
    return disk;
  }

  /** Takes all space that is left, beside what the machine sees; throws where nothing limits it. */
  async fill(): Promise<void> {
    const own = path.join(this.#dir, "disk");
    if ((await stat(own)).dev === (await stat(this.#dir)).dev) {
      throw new Error("its disk has no limit here (no loop device), so it cannot be filled");
    }
    const { bavail, bsize } = await statfs(own);
    // Blocks are promised, not written: the sparse file of the disk does not grow.
    if (bavail > 0) await run(["fallocate", "-l", String(bavail * bsize), this.#filler]);
    // Single blocks take the room that the file system kept for its own tables.
    await run(["dd", "if=/dev/zero", `of=${this.#filler}-rest`, "bs=4k", "status=none"], {
      allowed: [0, 1],
    });
  }

  /** Gives back what {@link fill} has taken. */
  async empty(): Promise<void> {
    for (const file of [this.#filler, `${this.#filler}-rest`]) await rm(file, { force: true });
  }

  get #filler(): string {
    return path.join(this.#dir, "disk", "filler");
  }

  async detach(): Promise<void> {
    for (const name of ["root", "disk"]) {
      await run(["umount", "--lazy", path.join(this.#dir, name)], { allowed: [0, 1, 32] });
    }
  }

  /** Detaches the disk and forgets what was on it. */
  async destroy(): Promise<void> {
    await this.detach();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

async function format(file: string): Promise<void> {
  const handle = await open(file, "w", 0o600);
  await handle.truncate(DISK_BYTES);
  await handle.close();
  await run(["mkfs.ext4", "-q", "-O", "^has_journal", "-m", "0", file]);
}

/** Where no loop device can be had, the disk is a plain folder: it works, but nothing limits it. */
async function mountBlocks(file: string, folder: string): Promise<void> {
  try {
    await run(["mount", "-o", "loop,noatime", file, folder]);
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    console.error(`disk without limit: ${cause.stderr.trim()}`);
  }
}
