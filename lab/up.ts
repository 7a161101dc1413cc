/** Brings a project's stack up in the lab, with everything that it needs. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Store } from "./arm/store";
import { requireProject } from "./engine/project";
import { type LabEngine, openEngine, runPulumi } from "./engine/pulumi";
import { ensureHost } from "./host/packages";
import { endDescendants } from "./host/processes";
import { interruptible } from "./interrupt";
import { ensureRootfs } from "./machine/image";
import { cacheDir, type LabPaths } from "./paths";
import type { Note, Progress } from "./progress";
import { policiesOf } from "./proof/policyInForce";
import { lastLines, startSupervisor, stopSupervisor, supervisorOf } from "./supervisor/lifecycle";
import { readStatus } from "./supervisor/readStatus";
import { ensureRest } from "./supervisor/rest";
import type { LabStatus } from "./supervisor/status";
import { UserError } from "./userError";

export interface UpOptions {
  lab: LabPaths;
  /** A folder of the project. */
  cwd: string;
  progress: Progress;
  /** Default: the selected stack, else `dev`, which is created if need be. */
  stack?: string;
  /** Time for machines and probes after the deployment, in seconds; default 300. */
  timeoutSeconds?: number;
}

/** A lab that is up: with packets, or, where the machine cannot carry any, with resources alone. */
export type UpResult = { packets: true; status: LabStatus } | { packets: false; reason: string };

/** An interrupted engine ends within this time, in milliseconds, or is ended. */
const ENGINE_GRACE_MS = 20_000;
/** How often the status is read while waiting, in milliseconds. */
const POLL_MS = 50;

/**
 * Deploys the stack with the real engine and waits until packets see it, and are judged by its
 * firewall policies. Interrupted, it ends
 * the process and leaves nothing running that was not running before. Throws a UserError when
 * the engine refuses the stack, or the data path does not become ready in time.
 */
export async function bringUp(options: UpOptions): Promise<UpResult> {
  const { lab, cwd, progress } = options;
  const wasUp = supervisorOf(lab) !== undefined;
  let deployment: Promise<unknown> = Promise.resolve();
  const undo = async () => {
    // The engine writes down what it did, and ends its plugins, if it gets the time.
    await Promise.race([deployment.catch(() => undefined), sleep(ENGINE_GRACE_MS)]);
    const supervisor = supervisorOf(lab);
    await endDescendants(process.pid, supervisor === undefined ? [] : [supervisor.pid]);
    if (!wasUp) await stopSupervisor(lab);
  };
  const work = async () => {
    requireProject(cwd);
    const host = await ensureHost(progress);
    if (host.packets) await ensureRootfs(cacheDir(), progress);
    const engine = await openEngine(lab, progress);
    if (host.packets) await startSupervisor(lab);
    deployment = deploy(engine, options);
    await deployment;
    if (host.packets) return ready(options);
    await ensureRest(lab, false);
    return host;
  };
  try {
    return await interruptible(work, undo);
  } catch (error) {
    if (!wasUp) await stopSupervisor(lab);
    throw error;
  }
}

async function deploy(engine: LabEngine, { cwd, stack }: UpOptions): Promise<void> {
  const named = stack === undefined ? [] : ["--stack", stack];
  const code = await runPulumi(engine, ["up", "--yes", "--skip-preview", ...named], cwd);
  if (code !== 0) throw new UserError(`the engine did not bring the stack up (exit code ${code})`);
}

async function ready({ lab, progress, timeoutSeconds = 300 }: UpOptions): Promise<UpResult> {
  const seq = Store.open(lab.azure).snapshot().seq;
  const deadline = Date.now() + timeoutSeconds * 1000;
  const status = await progress.step("machines and probes", (note) =>
    untilReady(lab, seq, { deadline, timeoutSeconds }, note),
  );
  const refused = await progress.step("firewall policies", (note) =>
    untilInForce(lab, status, { deadline, timeoutSeconds }, note),
  );
  for (const line of refused) console.error(line);
  return { packets: true, status };
}

interface Limit {
  /** Milliseconds since 1970. */
  deadline: number;
  timeoutSeconds: number;
}

/** Waits until each NVA has the stack's policy in force or has refused it; gives the refusals. */
async function untilInForce(
  lab: LabPaths,
  status: LabStatus,
  { deadline, timeoutSeconds }: Limit,
  note: Note,
): Promise<string[]> {
  for (;;) {
    const progress = [...(await policiesOf(lab, readStatus(lab) ?? status))];
    const waiting = progress.flatMap(([vm, how]) => (how === "waiting" ? [vm] : []));
    if (waiting.length === 0) {
      return progress.flatMap(([vm, how]) =>
        typeof how === "object"
          ? [`${vm} keeps its policy and refuses the stack's: ${how.refused}`]
          : [],
      );
    }
    const text = `not in force yet on ${waiting.join(", ")}`;
    note(text);
    if (Date.now() > deadline) throw new UserError(`not ready after ${timeoutSeconds} s: ${text}`);
    await sleep(POLL_MS);
  }
}

async function untilReady(
  lab: LabPaths,
  seq: number,
  { deadline, timeoutSeconds }: Limit,
  note: Note,
): Promise<LabStatus> {
  for (;;) {
    const status = readStatus(lab);
    if (status !== undefined) {
      if (status.phase === "ready" && status.appliedSeq >= seq) return status;
      if (status.phase === "failed") {
        throw new UserError(`the lab's network failed: ${status.problems.join("; ")}`);
      }
      note(whatIsMissing(status, seq));
    }
    if (supervisorOf(lab) === undefined) {
      throw new UserError(`the lab's network ended:\n${lastLines(lab)}`);
    }
    if (Date.now() > deadline) {
      const last = status === undefined ? lastLines(lab) : whatIsMissing(status, seq);
      const where = path.relative(process.cwd(), lab.log);
      throw new UserError(`not ready after ${timeoutSeconds} s: ${last} (see ${where})`);
    }
    await sleep(POLL_MS);
  }
}

/** The parts that keep a lab from being ready, in one line. Pure. */
export function whatIsMissing(status: LabStatus, seq: number): string {
  const waiting: string[] = [];
  if (status.appliedSeq < seq) waiting.push(`change ${status.appliedSeq} of ${seq}`);
  const starting = status.places.filter(({ power }) => power === "starting");
  if (starting.length > 0) waiting.push(`starting: ${starting.map(({ name }) => name).join(", ")}`);
  const dead = status.gateways.flatMap(({ nvas }) => nvas.filter(({ healthy }) => !healthy));
  waiting.push(...dead.map(({ vm, reason }) => `${vm}: ${reason}`));
  return waiting.join("; ") || status.phase;
}
