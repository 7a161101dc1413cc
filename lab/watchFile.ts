/** Waits for changes of one file, also where the kernel has no watch left to give. */
import fs from "node:fs";
import path from "node:path";

/** Without a watch of the kernel's the file is looked at this often, in milliseconds. */
const LOOK_MS = 100;

/**
 * Calls back after changes of a file, at least once per burst, until the returned function is
 * called. The file need not exist yet; its folder must. A watch that is lost calls back, too:
 * the caller looks again, at worst for nothing.
 */
export function watchFile(file: string, onChange: () => void): () => void {
  const name = path.basename(file);
  try {
    const watcher = fs.watch(path.dirname(file), (_event, changed) => {
      if (changed === null || changed === name) onChange();
    });
    watcher.on("error", onChange);
    return () => watcher.close();
  } catch (error) {
    // Some kernels give a user 128 watchers; each machine's systemd takes about ten.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EMFILE" && code !== "ENOSPC") throw error;
    let last = stampOf(file);
    const timer = setInterval(() => {
      const now = stampOf(file);
      if (now === last) return;
      last = now;
      onChange();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }
}

function stampOf(file: string): string {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}
