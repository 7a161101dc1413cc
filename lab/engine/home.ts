/** The lab's part of the engine: its folders, its environment, its plugins. */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { checkout, type LabPaths } from "../paths";
import { bundleOf } from "./bundle";
import type { Engine } from "./ensure";
import { ENGINE_VERSION } from "./version";

/** The engine's folders in a lab. */
export interface EngineHome {
  lab: string;
  /** PULUMI_HOME: plugins, selected stacks. */
  home: string;
  /** The file backend. */
  backend: string;
  /** Encrypts the secrets of every stack; readable by its owner only. */
  passphrase: string;
  /** One folder a project: what the engine would otherwise write into the project's own. */
  projects: string;
}

/** Layout of the engine's folders. Pure. */
export function engineHome(paths: LabPaths): EngineHome {
  const under = (name: string) => path.join(paths.pulumi, name);
  return {
    lab: paths.dir,
    home: under("home"),
    backend: under("backend"),
    passphrase: under("passphrase"),
    projects: under("projects"),
  };
}

/** Variables by which a person's own cloud and engine settings could reach the lab. */
const FOREIGN =
  /^(PULUMI_(?!DEBUG_|EXPERIMENTAL|DISABLE_|OPTION_|NODEJS_)|ARM_|AZURE_|TSX_|INIT_CWD$)/;

/**
 * The environment in which an engine works on the lab and talks to nobody else. Pure: only what
 * is said here and what is no setting of an engine or of Azure comes from `env`.
 */
export function engineEnv(
  home: EngineHome,
  engine: Engine,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !FOREIGN.test(name));
  const searchPath = [path.dirname(engine.pulumi), env.PATH ?? ""];
  return {
    ...Object.fromEntries(kept),
    PATH: searchPath.join(path.delimiter),
    GWLB_LAB: home.lab,
    PULUMI_HOME: home.home,
    PULUMI_BACKEND_URL: `file://${home.backend}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: home.passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // A host on PATH that belongs to another engine would be taken before the lab's own.
    ...(engine.hasNodeHost ? {} : { PULUMI_IGNORE_AMBIENT_PLUGINS: "true" }),
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    // The copies that the engine keeps of every state before the last are of no use here.
    PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
  };
}

/** A program of the lab that the engine starts under a name of its own. */
interface Shim {
  file: string;
  script: string;
}

/** Creates what is missing of the engine's folders; cheap when nothing is. */
export async function prepareHome(home: EngineHome, engine: Engine): Promise<void> {
  for (const dir of [home.home, home.backend, home.projects]) {
    mkdirSync(dir, { recursive: true });
  }
  if (!existsSync(home.passphrase)) {
    replaceFile(home.passphrase, `${randomBytes(24).toString("base64url")}\n`, 0o600);
  }
  for (const { file, script } of shims(home, engine)) {
    mkdirSync(path.dirname(file), { recursive: true });
    const text = shimText(await bundleOf(script));
    if (!existsSync(file) || readFileSync(file, "utf8") !== text) replaceFile(file, text, 0o755);
  }
}

/** Puts a host for YAML programs among the engine's plugins. */
export function linkYamlHost(home: EngineHome, host: string): void {
  const dir = path.join(home.home, "plugins", `language-yaml-v${ENGINE_VERSION}`);
  const file = path.join(dir, path.basename(host));
  if (existsSync(file) && realpathSync(file) === realpathSync(host)) return;
  mkdirSync(dir, { recursive: true });
  const aside = `${file}.${process.pid}`;
  rmSync(aside, { force: true });
  symlinkSync(host, aside);
  renameSync(aside, file);
}

/** The stand-ins carry the versions of the SDKs, so the engine takes them for the installed plugins. */
function shims(home: EngineHome, engine: Engine): Shim[] {
  const plugin = (name: string, script: string): Shim => {
    const { version } = JSON.parse(
      readFileSync(path.join(checkout, "node_modules/@pulumi", name, "package.json"), "utf8"),
    ) as { version: string };
    const dir = path.join(home.home, "plugins", `resource-${name}-v${version}`);
    return { file: path.join(dir, `pulumi-resource-${name}`), script };
  };
  const hostDir = path.join(home.home, "plugins", `language-nodejs-v${ENGINE_VERSION}`);
  const host = path.join(hostDir, "pulumi-language-nodejs");
  return [
    plugin("azure-native", "lab/arm/providers/azureNative.ts"),
    plugin("random", "lab/arm/providers/random.ts"),
    ...(engine.hasNodeHost ? [] : [{ file: host, script: "lab/engine/languageHost.ts" }]),
  ];
}

/** A shell program that becomes node on a bundle. */
function shimText(bundle: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  return ["#!/bin/sh", `exec ${quoted(process.execPath)} ${quoted(bundle)} "$@"`, ""].join("\n");
}

/** Whole or not at all: another process may read it at any moment. */
function replaceFile(file: string, text: string, mode: number): void {
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, text, { mode });
  chmodSync(aside, mode);
  renameSync(aside, file);
}
