/** Builds the engine from its Go module, for machines where the official release is not to be had. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import path from "node:path";
import lockfile from "proper-lockfile";
import { which } from "../host/which";
import { cacheDir } from "../paths";
import type { Progress } from "../progress";
import { type Argv, CommandError, run } from "../run";
import { UserError } from "../userError";
import { ENGINE_VERSION, isAtLeast, OLDEST_GO } from "./version";

const MODULE = "github.com/pulumi/pulumi";
/** Cold caches on slow machines: a download of 250 MB and three minutes of two cores. */
const BUILD_LIMIT_SECONDS = 1800;
/** A build whose process has shown no life for this long is dead. */
const LOCK_STALE_MS = 20_000;

/** Where the built engine lies in the cache. */
export function builtEngine(cache = cacheDir()): string {
  return path.join(cache, "engine", ENGINE_VERSION, "bin", "pulumi");
}

/** The built engine; builds it first if need be. Two callers at once build it once. */
export async function buildEngine(progress: Progress): Promise<string> {
  const built = builtEngine();
  if (existsSync(built)) return built;
  const go = await usableGo();
  const home = path.dirname(path.dirname(path.dirname(built)));
  mkdirSync(home, { recursive: true });
  await progress.step(`building the Pulumi engine ${ENGINE_VERSION} (once, minutes)`, async () => {
    const release = await lockfile.lock(home, {
      stale: LOCK_STALE_MS,
      retries: { retries: BUILD_LIMIT_SECONDS, factor: 1, minTimeout: 1000, maxTimeout: 1000 },
    });
    try {
      if (!existsSync(built)) await build(go, home, path.dirname(path.dirname(built)));
    } finally {
      await release();
    }
  });
  return built;
}

/** Arguments of the build. The version is what the engine answers to `pulumi version`. Pure. */
export function buildArgv(go: string, out: string): Argv {
  const version = `${MODULE}/sdk/v3/go/common/version.Version=v${ENGINE_VERSION}`;
  return [
    ...[go, "build", "-mod=readonly", "-trimpath", "-tags", "osusergo,grpcnotrace"],
    ...["-ldflags", `-s -w -X ${version}`, "-o", out],
    `${MODULE}/pkg/v3/cmd/pulumi`,
  ];
}

/** Only a whole engine ever stands under its name: it is built aside and moved there. */
async function build(go: string, home: string, target: string): Promise<void> {
  // What an interrupted build has left is no one's: the caller holds the lock.
  for (const name of readdirSync(home).filter((entry) => entry.startsWith(".building-"))) {
    rmSync(path.join(home, name), { recursive: true, force: true });
  }
  const aside = path.join(home, `.building-${process.pid}`);
  try {
    await run(buildArgv(go, path.join(aside, "bin", "pulumi")), {
      cwd: path.join(__dirname, "go"),
      // "auto" lets an older Go fetch the one that the module asks for; images often say "local".
      env: { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: "auto", GOFLAGS: "", GOWORK: "off" },
      timeoutSeconds: BUILD_LIMIT_SECONDS,
    });
    await rename(aside, target);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const last = error.stderr.trim().split("\n").slice(-5).join("\n");
    throw new UserError(`the Pulumi engine cannot be built (${error.reason}):\n${last}`);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

async function usableGo(): Promise<string> {
  const go = which("go") ?? ["/usr/local/go/bin/go"].find((file) => existsSync(file));
  if (go === undefined) throw new UserError(noEngine("there is neither pulumi nor go"));
  const { stdout } = await run([go, "version"], { env: { ...process.env, GOTOOLCHAIN: "local" } });
  const version = /go(\d[\w.]*)/.exec(stdout)?.[1] ?? "";
  if (isAtLeast(version, OLDEST_GO)) return go;
  throw new UserError(noEngine(`there is no pulumi, and go ${version} is older than ${OLDEST_GO}`));
}

/** One line: what is missing, and the command that brings it. */
function noEngine(what: string): string {
  return `no Pulumi engine: ${what}: curl -fsSL https://get.pulumi.com | sh -s -- --version ${ENGINE_VERSION}`;
}
