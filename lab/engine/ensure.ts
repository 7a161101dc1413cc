/** Finds an engine to work with, or brings one. */
import { realpathSync } from "node:fs";
import path from "node:path";
import { which } from "../host/which";
import type { Progress } from "../progress";
import { run } from "../run";
import { buildProgram, ENGINE } from "./build";
import { isAtLeast, OLDEST_ENGINE } from "./version";

/** An engine that the lab can run. */
export interface Engine {
  /** The executable, absolute. */
  pulumi: string;
  /**
   * True if it brings its own host for Node programs. The official release does, and the hosts of
   * the other languages with it.
   */
  hasNodeHost: boolean;
}

/**
 * The engine on PATH if it is new enough, else the one in the cache, which is built first if need
 * be. Throws a UserError that names the command to run when there is no way to one.
 */
export async function ensureEngine(progress: Progress): Promise<Engine> {
  const installed = which("pulumi");
  if (installed !== undefined && (await isUsable(installed))) {
    return { pulumi: installed, hasNodeHost: hasNodeHost(installed) };
  }
  return { pulumi: await buildProgram(ENGINE, progress), hasNodeHost: false };
}

async function isUsable(pulumi: string): Promise<boolean> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const answer = await run([pulumi, "version"], { env, timeoutSeconds: 20 }).catch(() => undefined);
  return answer !== undefined && isAtLeast(answer.stdout.trim(), OLDEST_ENGINE);
}

/** The engine looks for its hosts on PATH and beside its own file. */
function hasNodeHost(pulumi: string): boolean {
  const beside = path.dirname(realpathSync(pulumi));
  const searchPath = [process.env.PATH ?? "", beside].join(path.delimiter);
  return which("pulumi-language-nodejs", searchPath) !== undefined;
}
