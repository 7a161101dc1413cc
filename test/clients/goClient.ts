/** The Go program beside this file, built in the cache of what is made once. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import path from "node:path";
import { which } from "../../lab/host/which";
import { run } from "../../lab/run";

const sources = path.join(__dirname, "go");
/** The modules come from the Go proxy, 10 MB. */
const BUILD_SECONDS = 600;

/** The program; built on the first call after a change. Throws where there is no Go. */
export async function goClient(cache: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of readdirSync(sources)) hash.update(readFileSync(path.join(sources, name)));
  const folder = path.join(cache, "clients");
  const program = path.join(folder, `go-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(program)) return program;
  const go = which("go");
  if (go === undefined) throw new Error("there is no `go`: golang.org/doc/install brings it");
  mkdirSync(folder, { recursive: true });
  const building = `${program}.${process.pid}`;
  const options = { cwd: sources, timeoutSeconds: BUILD_SECONDS };
  await run([go, "build", "-trimpath", "-o", building, "."], options);
  renameSync(building, program);
  return program;
}
