/** The disk of a machine: the image, under a file system of limited size that keeps what it writes. */
import { existsSync } from "node:fs";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { CommandError, run } from "../run";

/** Bytes that a machine can write before its disk is full; the file is sparse. */
export const DISK_BYTES = 2 * 1024 ** 3;

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
   * Mounts a machine's disk, which is made with `files` on it if there is none yet. Mounts live in
   * the mount namespace of the caller, and go with it: the loop device frees itself.
   */
  static async attach(
    dir: string,
    image: string,
    files: Record<string, string | Uint8Array>,
  ): Promise<Disk> {
    const disk = new Disk(dir);
    const blocks = path.join(dir, "disk.img");
    const made = path.join(dir, "made");
    const isNew = !existsSync(made);
    if (isNew) {
      await rm(dir, { recursive: true, force: true });
      for (const name of ["disk", "root"]) await mkdir(path.join(dir, name), { recursive: true });
      await format(blocks);
    }
    const own = path.join(dir, "disk");
    await mountBlocks(blocks, own);
    for (const name of ["upper", "work"]) await mkdir(path.join(own, name), { recursive: true });
    const options = [`lowerdir=${image}`, `upperdir=${own}/upper`, `workdir=${own}/work`].join(",");
    await run(["mount", "-t", "overlay", "overlay", "-o", options, disk.root]);
    if (isNew) {
      for (const [file, content] of Object.entries(files)) {
        const target = path.join(disk.root, file);
        await mkdir(path.dirname(target), { recursive: true });
        await writeFile(target, content, { mode: 0o600 });
      }
      // Last: a disk without this mark is one that nobody has ever booted.
      await writeFile(made, "");
    }
    return disk;
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
