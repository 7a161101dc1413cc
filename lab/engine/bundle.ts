/**
 * Programs that the engine starts for every command, each in one file: reading hundreds of sources
 * would be most of the time of a start. A bundle is made anew when a file that it came from changed.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { build, type Plugin } from "esbuild";
import { checkout } from "../paths";

/** Beside the packages that go into it: what is installed anew makes it anew. */
const FOLDER = path.join(checkout, "node_modules/.cache/azure-gwlb");
/** npm writes it with every change of the packages. */
const INSTALLED = path.join(checkout, "node_modules/.package-lock.json");

/** The bundle of a program of this checkout, given by its path from there. */
export async function bundleOf(script: string, folder = FOLDER): Promise<string> {
  // Several checkouts may share their packages.
  const place = createHash("sha256").update(checkout).digest("hex").slice(0, 8);
  const file = path.join(folder, place, `${path.basename(script, ".ts")}.js`);
  if (isFresh(file)) return file;
  mkdirSync(path.dirname(file), { recursive: true });
  // Whole or not at all: the engine may start it at any moment.
  const aside = `${file}.${process.pid}`;
  const { metafile } = await build({
    entryPoints: [path.join(checkout, script)],
    outfile: aside,
    absWorkingDir: checkout,
    bundle: true,
    platform: "node",
    target: `node${process.versions.node}`,
    metafile: true,
    logLevel: "error",
    plugins: [ownFolders],
  });
  writeFileSync(listOf(aside), JSON.stringify(Object.keys(metafile.inputs)));
  renameSync(listOf(aside), listOf(file));
  renameSync(aside, file);
  return file;
}

const listOf = (bundle: string) => `${bundle}.sources`;

function isFresh(bundle: string): boolean {
  try {
    const made = statSync(bundle).mtimeMs;
    const sources = JSON.parse(readFileSync(listOf(bundle), "utf8")) as string[];
    const files = sources.map((source) => path.resolve(checkout, source));
    return [INSTALLED, ...files].every((file) => statSync(file).mtimeMs < made);
  } catch {
    return false;
  }
}

/** `__dirname` stays the folder of the source that says it. */
const ownFolders: Plugin = {
  name: "own folders",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.(ts|js)$/ }, async ({ path: file }) => {
      const text = await readFile(file, "utf8");
      if (!/\b__(dir|file)name\b/.test(text)) return undefined;
      const own = `var __filename=${JSON.stringify(file)},__dirname=${JSON.stringify(path.dirname(file))};`;
      const loader = file.endsWith(".ts") ? "ts" : "js";
      return { contents: own + text.replace(/^#!.*/, ""), loader };
    });
  },
};
