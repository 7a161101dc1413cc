/**
 * The library as its users get it: unpacked from the archive that `npm pack` makes of this checkout,
 * so what the archive lacks is missing in the tests too.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { rename, symlink } from "node:fs/promises";
import path from "node:path";
import lockfile from "proper-lockfile";
import { run } from "../../lab/run";
import { root, sourceFiles } from "./sources";

export interface Packed {
  /** The archive, as `npm publish` would send it. */
  archive: string;
  /** The archive's content. */
  dir: string;
}

/** Files of a project's folder beside the library. */
export interface InstallOptions {
  /** Packages that the project itself asks for, such as `typescript`. */
  also?: readonly string[];
}

const cache = path.join(root, "node_modules/.cache/azure-gwlb-packed");
/** The slowest machine packs in less. */
const PACK_LIMIT_SECONDS = 120;

/** Packs this checkout; once for each state of its sources, however many tests ask. */
export async function packed(): Promise<Packed> {
  const made = path.join(cache, sourcesHash());
  if (!existsSync(made)) {
    mkdirSync(cache, { recursive: true });
    const release = await lockfile.lock(cache, {
      stale: 20_000,
      retries: { retries: PACK_LIMIT_SECONDS * 5, factor: 1, minTimeout: 200, maxTimeout: 200 },
    });
    try {
      if (!existsSync(made)) await pack(made);
    } finally {
      await release();
    }
  }
  const archive = readdirSync(made).find((name) => name.endsWith(".tgz"));
  if (archive === undefined) throw new Error(`${made} holds no archive`);
  return { archive: path.join(made, archive), dir: path.join(made, "package") };
}

/**
 * Makes `dir/node_modules` what `npm install ARCHIVE` would make of it, in a moment: the library is
 * unpacked there, and what its package.json declares, nothing else, is linked from this checkout.
 * A dependency that is not declared cannot be found.
 */
export async function installPacked(dir: string, { also = [] }: InstallOptions = {}) {
  const library = await packed();
  const { name, dependencies } = manifest(library.dir);
  const modules = path.join(dir, "node_modules");
  mkdirSync(modules, { recursive: true });
  cpSync(library.dir, path.join(modules, name), { recursive: true });
  for (const dependency of new Set([...Object.keys(dependencies), ...also])) {
    const link = path.join(modules, dependency);
    mkdirSync(path.dirname(link), { recursive: true });
    await symlink(path.join(root, "node_modules", dependency), link);
  }
}

function manifest(dir: string): { name: string; dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(path.join(dir, "package.json"), "utf8"));
}

/** Changes with every file that may reach the archive. */
function sourcesHash(): string {
  const hash = createHash("sha256");
  for (const file of sourceFiles("")) {
    const isPacked = /^(components|nva-cloud-init)\//.test(file) || /^[^/.][^/]*$/.test(file);
    if (isPacked)
      hash
        .update(file)
        .update("\0")
        .update(readFileSync(path.join(root, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Only a whole result ever stands under its name. Older ones go: they are of other sources. */
async function pack(made: string): Promise<void> {
  for (const name of readdirSync(cache)) {
    rmSync(path.join(cache, name), { recursive: true, force: true });
  }
  const aside = path.join(cache, ".packing");
  mkdirSync(aside);
  await run(["npm", "pack", "--silent", "--pack-destination", aside], {
    cwd: root,
    timeoutSeconds: PACK_LIMIT_SECONDS,
  });
  const archive = readdirSync(aside).find((name) => name.endsWith(".tgz")) ?? "";
  await run(["tar", "-xzf", path.join(aside, archive), "-C", aside]);
  await rename(aside, made);
}
