/** Checks that read the sources: format, lint and types of each language. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { CommandError, run } from "../lab/run";
import { layoutCheck, missingCompiler, staleObjects } from "../tools/bpf/build";
import { ruffProblems } from "./support/ruff";

export interface Check {
  name: string;
  /** Undefined when all is well, else what is wrong, or why it cannot be said here. */
  run: () => Promise<string | { skipped: string } | undefined>;
}

const root = path.resolve(__dirname, "..");
const bin = (name: string) => path.join(root, "node_modules", ".bin", name);

/** Source files by their first line or ending, outside what git ignores. */
async function sources(kind: "sh" | "python" | "c"): Promise<string[]> {
  const { stdout } = await run(["git", "ls-files", "-co", "--exclude-standard"], { cwd: root });
  const listed = stdout.split("\n").filter((file) => file !== "");
  const present = new Set(listed.flatMap((file) => (exists(file) ? [file] : [])));
  if (kind === "c") return [...present].filter((file) => /\.[ch]$/.test(file));
  const ending = kind === "sh" ? ".sh" : ".py";
  const shebang = kind === "sh" ? /^#!.*\b(sh|bash)\b/ : /^#!.*\bpython3\b/;
  return [...present].filter((file) => {
    if (file.endsWith(ending)) return true;
    if (path.extname(file) !== "" && !file.startsWith(".ci/")) return false;
    return shebang.test(readFileSync(path.join(root, file), "utf8").split("\n", 1)[0] ?? "");
  });
}

function exists(file: string): boolean {
  return readdirSync(path.dirname(path.join(root, file)), { withFileTypes: true }).some(
    (entry) => entry.isFile() && entry.name === path.basename(file),
  );
}

async function problemOf(
  argv: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  try {
    await run(argv, { cwd: root, timeoutSeconds: 300, env: { ...process.env, ...env } });
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return `${error.stdout}${error.stderr}${error.reason}`;
    throw error;
  }
}

async function onSources(kind: "sh" | "python", argv: string[]): Promise<string | undefined> {
  const files = await sources(kind);
  return files.length === 0 ? undefined : problemOf([...argv, ...files]);
}

/** What needs the compiler of the eBPF programs. */
async function withCompiler(work: () => Promise<string | undefined>) {
  const missing = await missingCompiler();
  return missing === undefined ? work() : { skipped: missing };
}

export const checks: readonly Check[] = [
  {
    name: "biome: format and lint",
    run: () => problemOf([bin("biome"), "check", "--error-on-warnings", "."]),
  },
  {
    name: "schema.json, docs/reference, the changelog's list of changes, the guest's contract are current",
    run: () => problemOf([process.execPath, "-r", "tsx/cjs", "tools/reference/main.ts", "--check"]),
  },
  { name: "tsc: types", run: () => problemOf([bin("tsc"), "--noEmit"]) },
  { name: "shellcheck", run: () => onSources("sh", ["shellcheck", "--external-sources"]) },
  {
    name: "ruff: Python format and lint",
    run: async () => ruffProblems(root, await sources("python")),
  },
  { name: "pyright: Python types", run: () => onSources("python", [bin("pyright")]) },
  {
    name: "clang: eBPF objects are what their sources compile to",
    run: () => withCompiler(staleObjects),
  },
  {
    name: "clang-format: C layout",
    run: () => withCompiler(async () => problemOf(layoutCheck(await sources("c")))),
  },
];
