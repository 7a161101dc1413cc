/** Where the lab keeps what it makes. Pure: nothing is created here. */
import os from "node:os";
import path from "node:path";

/** Files and folders of one lab, all below its own folder. */
export interface LabPaths {
  /** The lab's folder, absolute; `.lab` in the project folder unless the caller says otherwise. */
  dir: string;
  /** The store of the embedded Azure. */
  azure: string;
  /** The engine's folder: home, backend, passphrase. */
  pulumi: string;
  /** Disks of the machines, one folder a VM. */
  machines: string;
  /** Files that are true only while the lab runs: pid files, logs, status. */
  run: string;
  /** The fabric's status, replaced as a whole at every change. */
  status: string;
  /** Pid of the lab's supervisor. */
  supervisorPid: string;
  /** Pid of the process that the box hangs on. */
  boxPid: string;
  /** Certificate authority, secret and signing key of Azure Resource Manager. */
  rest: string;
  /** Its port of the last time. */
  restPort: string;
  /** Its status while it runs. */
  restStatus: string;
  restLog: string;
  /** Output of the supervisor and of the fabric, with what machines print on their consoles beside it. */
  log: string;
}

/** The layout of the lab in a folder. */
export function labPaths(dir: string): LabPaths {
  const lab = path.resolve(dir);
  const run = path.join(lab, "run");
  return {
    dir: lab,
    azure: path.join(lab, "azure"),
    pulumi: path.join(lab, "pulumi"),
    machines: path.join(lab, "machines"),
    run,
    status: path.join(run, "status.json"),
    supervisorPid: path.join(run, "supervisor.pid"),
    boxPid: path.join(run, "box.pid"),
    rest: path.join(lab, "rest"),
    restPort: path.join(lab, "rest", "port"),
    restStatus: path.join(run, "rest.json"),
    restLog: path.join(run, "rest.log"),
    log: path.join(run, "fabric.log"),
  };
}

/** Things that take long to make again: outside the checkout, shared by all labs of a user. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME || path.join(env.HOME || os.homedir(), ".cache");
  return path.join(base, "azure-gwlb");
}

/** The checkout that this code belongs to. */
export const checkout = path.resolve(__dirname, "..");

/**
 * The folder that a user stands in. `npm run` moves to the package's root first and keeps the
 * folder it was called from in INIT_CWD.
 */
export function callerDir(env: NodeJS.ProcessEnv = process.env, cwd = process.cwd()): string {
  const started = env.INIT_CWD;
  const moved = env.npm_lifecycle_event !== undefined && cwd === checkout;
  return moved && started !== undefined && isInside(started, checkout) ? started : cwd;
}

function isInside(dir: string, parent: string): boolean {
  const relative = path.relative(parent, dir);
  return !relative.startsWith("..") && !path.isAbsolute(relative);
}
