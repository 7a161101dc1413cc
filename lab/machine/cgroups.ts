/** The control groups of a lab's machines: the one thing that outlives the box that made it. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import path from "node:path";

/** Name of a lab's directory in each hierarchy, from the lab's folder. Pure. */
export function labCgroup(labDir: string): string {
  return `gwlb-${createHash("sha256").update(path.resolve(labDir)).digest("hex").slice(0, 12)}`;
}

/** Where each hierarchy is mounted, from the text of `/proc/self/mountinfo`. Pure. */
export function hierarchies(mountinfo: string): string[] {
  const mounts = mountinfo.split("\n").flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    return /^cgroup2? /.test(right) ? (left.split(" ")[4] ?? []) : [];
  });
  return [...new Set(mounts)];
}

/**
 * Removes what a lab left in any hierarchy; every process in it must have ended. Returns the
 * directories that cannot be removed.
 */
export function removeCgroups(labDir: string): string[] {
  if (!existsSync("/proc/self/mountinfo")) return [];
  const mounts = hierarchies(readFileSync("/proc/self/mountinfo", "utf8"));
  return mounts.flatMap((mount) => removeTree(path.join(mount, labCgroup(labDir))));
}

/**
 * Removes a directory and those below, as far as no process is in them; returns what is left.
 * Control files go with their directory, so only directories are removed, from the leaves up.
 */
export function removeTree(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const below = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => removeTree(path.join(dir, entry.name)));
  if (below.length > 0) return below;
  try {
    rmdirSync(dir);
    return [];
  } catch {
    return existsSync(dir) ? [dir] : [];
  }
}
