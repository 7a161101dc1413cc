/** Compiles the eBPF programs. Their objects are committed: an NVA has no compiler. */
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { missingPackages, thisHost } from "../../lab/host/packages";
import { run } from "../../lab/run";

/** Of one major version: another one compiles to other bytes. */
const [CLANG, STRIP, FORMAT] = ["clang-14", "llvm-strip-14", "clang-format-14"];
const TOOLS = [
  { command: CLANG, debianPackage: "clang-14" },
  { command: STRIP, debianPackage: "llvm-14" },
  { command: FORMAT, debianPackage: "clang-format-14" },
];
const root = path.resolve(__dirname, "../..");
/** Sources, each of which becomes an object beside it. */
const GUEST = "nva-cloud-init/guest/fastpath";
const SOURCES = [
  `${GUEST}/fastpath.c`,
  ...["floor", "generator"].map((name) => `bench/dataPath/bpf/${name}.c`),
];
const FLAGS = [
  ...["--target=bpfel", "-mcpu=v3", "-O2", "-g0", "-std=gnu11", "-Wall", "-Wextra", "-Werror"],
  ...["-fno-ident", "-fno-addrsig", "-fno-strict-aliasing"],
  // asm/ of the kernel's headers, of which nothing depends on the processor here.
  ...[
    `-I${path.join(root, GUEST)}`,
    `-I/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
  ],
];

/** Why nothing can be compiled here; undefined if it can. Installs what it may install. */
export async function missingCompiler(): Promise<string | undefined> {
  const host = thisHost();
  const missing = missingPackages(host.has, TOOLS);
  if (missing.length === 0) return undefined;
  if (!host.root || !host.apt) return `missing: apt-get install ${missing.join(" ")}`;
  await host.install(missing);
  return undefined;
}

/** Compiles a source, given by its path from the root. */
async function compile(source: string, object: string): Promise<void> {
  // Without the folder: no path comes into the object.
  const cwd = path.join(root, path.dirname(source));
  await run([CLANG, ...FLAGS, "-c", "-o", object, path.basename(source)], { cwd });
  // Labels are symbols for this compiler.
  await run([STRIP, "--strip-unneeded", object]);
}

const objectOf = (source: string) => path.join(root, source.replace(/\.c$/, ".o"));

/** Compiles all of them to where they are committed. */
export async function build(): Promise<void> {
  for (const source of SOURCES) await compile(source, objectOf(source));
}

/** Objects that are not what their source compiles to; undefined when there is none. */
export async function staleObjects(): Promise<string | undefined> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "gwlb-bpf-"));
  try {
    const stale: string[] = [];
    for (const source of SOURCES) {
      const object = path.join(folder, "fresh.o");
      await compile(source, object);
      if (!readFileSync(objectOf(source)).equals(await readFile(object))) stale.push(source);
    }
    if (stale.length === 0) return undefined;
    return `not what is committed beside it: ${stale.join(", ")}; npm run bpf`;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The command that checks the layout of C files. */
export const layoutCheck = (files: readonly string[]) => [FORMAT, "--dry-run", "-Werror", ...files];
