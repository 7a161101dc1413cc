/** Builds the engine and its parts from their Go modules, where the official release is not available. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import path from "node:path";
import lockfile from "proper-lockfile";
import { which } from "../host/which";
import { cacheDir } from "../paths";
import type { Progress } from "../progress";
import { type Argv, CommandError, run } from "../run";
import { UserError } from "../userError";
import { ENGINE_VERSION, isAtLeast, OLDEST_GO, YAML_HOST_VERSION } from "./version";

/** A program that comes as source. */
export interface GoProgram {
  /** The program in a user's words. */
  title: string;
  /** Folder beside this file whose go.mod pins it with all that it needs. */
  module: string;
  /** Import path of its main package. */
  package: string;
  /** Variable that takes its version, and the version. */
  version: { variable: string; value: string };
  /** Folder in the cache. */
  folder: string;
  /** Name of the executable. */
  name: string;
  /** Cold caches on slow machines take this long. */
  words: string;
}

export const ENGINE: GoProgram = {
  title: "the Pulumi engine",
  module: "go",
  package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  version: {
    variable: "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
    value: ENGINE_VERSION,
  },
  folder: ENGINE_VERSION,
  name: "pulumi",
  words: "once, minutes",
};

export const YAML_HOST: GoProgram = {
  title: "the engine's host for YAML programs",
  module: "goYaml",
  package: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
  version: {
    variable: "github.com/pulumi/pulumi-yaml/pkg/version.Version",
    value: YAML_HOST_VERSION,
  },
  folder: `yaml-${YAML_HOST_VERSION}`,
  name: "pulumi-language-yaml",
  words: "once, a minute",
};

/** Cold caches on slow machines: a download of 250 MB and three minutes of two cores. */
const BUILD_LIMIT_SECONDS = 1800;
/** A build whose process has shown no life for this long is dead. */
const LOCK_STALE_MS = 20_000;

/** Where a built program lies in the cache. */
export function builtProgram({ folder, name }: GoProgram, cache = cacheDir()): string {
  return path.join(cache, "engine", folder, "bin", name);
}

/** The built program; builds it first if need be. Two callers at once build it once. */
export async function buildProgram(program: GoProgram, progress: Progress): Promise<string> {
  const built = builtProgram(program);
  if (existsSync(built)) return built;
  const go = await usableGo(program);
  const home = path.dirname(path.dirname(path.dirname(built)));
  mkdirSync(home, { recursive: true });
  const { title, words, version } = program;
  await progress.step(`building ${title} ${version.value} (${words})`, async () => {
    const release = await lockfile.lock(home, {
      stale: LOCK_STALE_MS,
      retries: { retries: BUILD_LIMIT_SECONDS, factor: 1, minTimeout: 1000, maxTimeout: 1000 },
    });
    try {
      if (!existsSync(built)) await build(program, go, home, path.dirname(path.dirname(built)));
    } finally {
      await release();
    }
  });
  return built;
}

/** Arguments of the build. The version is what the program says of itself. Pure. */
export function buildArgv({ version, package: main }: GoProgram, go: string, out: string): Argv {
  const variable = `${version.variable}=v${version.value}`;
  return [
    ...[go, "build", "-mod=readonly", "-trimpath", "-tags", "osusergo,grpcnotrace"],
    ...["-ldflags", `-s -w -X ${variable}`, "-o", out, main],
  ];
}

/** Only a whole program ever stands under its name: it is built aside and moved there. */
async function build(program: GoProgram, go: string, home: string, target: string): Promise<void> {
  // The leftovers of an interrupted build are no one's: the caller holds the lock.
  for (const name of readdirSync(home).filter((entry) => entry.startsWith(".building-"))) {
    rmSync(path.join(home, name), { recursive: true, force: true });
  }
  const aside = path.join(home, `.building-${process.pid}`);
  try {
    await run(buildArgv(program, go, path.join(aside, "bin", program.name)), {
      cwd: path.join(__dirname, program.module),
      // "auto" lets an older Go fetch the one that the module asks for; images often say "local".
      env: { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: "auto", GOFLAGS: "", GOWORK: "off" },
      timeoutSeconds: BUILD_LIMIT_SECONDS,
    });
    await rename(aside, target);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const last = error.stderr.trim().split("\n").slice(-5).join("\n");
    throw new UserError(`${program.title} cannot be built (${error.reason}):\n${last}`);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

async function usableGo(program: GoProgram): Promise<string> {
  const go = which("go") ?? ["/usr/local/go/bin/go"].find((file) => existsSync(file));
  if (go === undefined) throw new UserError(missing(program, `${program.name} nor go`));
  const { stdout } = await run([go, "version"], { env: { ...process.env, GOTOOLCHAIN: "local" } });
  const version = /go(\d[\w.]*)/.exec(stdout)?.[1] ?? "";
  if (isAtLeast(version, OLDEST_GO)) return go;
  const old = `${program.name}, and go ${version} is older than ${OLDEST_GO}`;
  throw new UserError(missing(program, old));
}

/** One line: what is missing, and the command that brings it, with all its parts. */
function missing({ title }: GoProgram, what: string): string {
  const neither = what.includes(" nor ") ? "neither" : "no";
  return `no ${title.replace(/^the /, "")}: there is ${neither} ${what}: curl -fsSL https://get.pulumi.com | sh -s -- --version ${ENGINE_VERSION}`;
}
