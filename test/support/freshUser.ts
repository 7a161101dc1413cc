/**
 * The environment of a user who is new to this machine: an empty home and empty caches. Where
 * packages come from is the machine's affair, so each tool goes on reading the configuration that
 * it reads now.
 */
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { run } from "../../lab/run";

/** Set by npm for the scripts that it runs, by a test runner, or for one lab: not the machine's. */
const OF_THIS_RUN =
  /^(npm_(?!config_)|npm_config_(cache|prefix|global_prefix|local_prefix|init_module)$|INIT_CWD$|NODE$|NODE_TEST_CONTEXT$|NODE_COMPILE_CACHE$|GWLB_|PULUMI_HOME$|XDG_)/i;

/** The environment with `home`, which the caller has made, for everything that tools keep. */
export function freshUser(home: string, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !OF_THIS_RUN.test(name));
  const searchPath = (env.PATH ?? "")
    .split(path.delimiter)
    .filter((dir) => !/node_modules\/\.bin$|node-gyp-bin$/.test(dir));
  return {
    ...Object.fromEntries(kept),
    ...configuration(env),
    PATH: searchPath.join(path.delimiter),
    HOME: home,
    npm_config_cache: path.join(home, ".npm"),
    GOPATH: path.join(home, "go"),
    GOMODCACHE: path.join(home, "go/pkg/mod"),
    GOCACHE: path.join(home, ".cache/go-build"),
    PIP_CACHE_DIR: path.join(home, ".cache/pip"),
  };
}

/** The files in which a user says where packages come from; a variable that names one wins. */
function configuration(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const home = env.HOME || os.homedir();
  const config = env.XDG_CONFIG_HOME || path.join(home, ".config");
  const files: Record<string, string[]> = {
    npm_config_userconfig: [path.join(home, ".npmrc")],
    GOENV: [path.join(config, "go/env")],
    PIP_CONFIG_FILE: [path.join(config, "pip/pip.conf"), path.join(home, ".pip/pip.conf")],
    NETRC: [path.join(home, ".netrc")],
  };
  const found = Object.entries(files).flatMap(([name, places]) => {
    const file = env[name] ?? places.find((place) => existsSync(place));
    return file === undefined ? [] : [[name, file]];
  });
  return Object.fromEntries(found);
}

/** Removes a folder with a home in it: Go's modules lie in folders that not even their owner can write to. */
export async function removeWhole(dir: string): Promise<void> {
  await run(["chmod", "-R", "u+w", dir], { allowed: [0, 1] });
  await run(["rm", "-rf", dir], { timeoutSeconds: 300 });
}
