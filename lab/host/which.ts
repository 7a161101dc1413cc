import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

/** The first executable of that name on a PATH; undefined when there is none. */
export function which(name: string, searchPath = process.env.PATH ?? ""): string | undefined {
  return searchPath
    .split(path.delimiter)
    .filter((dir) => dir !== "")
    .map((dir) => path.join(dir, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Where Debian keeps an administrator's programs, which a PATH that came with `su` may lack. */
const SYSTEM_DIRS = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"];

/** A PATH that ends with the system's own folders, each once. Pure. */
export function withSystemDirs(searchPath: string): string {
  const given = searchPath.split(path.delimiter).filter((dir) => dir !== "");
  return [...new Set([...given, ...SYSTEM_DIRS])].join(path.delimiter);
}
