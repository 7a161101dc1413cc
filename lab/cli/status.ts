/** `lab status`: places, public addresses, chains, health. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { LabPaths } from "../paths";
import { supervisorOf } from "../supervisor/lifecycle";
import { readStatus } from "../supervisor/readStatus";
import { restOf } from "../supervisor/rest";
import type { LabStatus } from "../supervisor/status";
import { UserError } from "../userError";
import { watchFile } from "../watchFile";
import { contextOf } from "./context";
import { declaredOf } from "./declared";
import { declaredText, statusText } from "./statusTable";

/** Empties a terminal's screen. */
const CLEAR = "\x1b[H\x1b[2J";
/** The lab is looked at this often where nothing says that it has changed, in milliseconds. */
const LOOK_MS = 1000;

export function define(command: Command): void {
  command
    .option("--json", "as the fabric wrote it; {} when the lab is down")
    .option("-w, --watch", "print it again at every change, until the lab is down or interrupted")
    .action(async ({ json = false, watch }: { json?: boolean; watch?: true }) => {
      const { lab } = contextOf(command);
      if (!watch) return console.log(shown(lab, readStatus(lab), json ? 2 : undefined));
      const clear = process.stdout.isTTY && !json ? CLEAR : "";
      for await (const status of changesOf(lab, clear !== "")) {
        console.log(`${clear}${shown(lab, status, json ? 0 : undefined)}`);
      }
    });
}

/** The state as text for people, or as JSON with so many spaces before what is inside. */
function shown(lab: LabPaths, status: LabStatus | undefined, indent?: number): string {
  const rest = restOf(lab);
  const declared = declaredOf(lab);
  if (indent !== undefined) {
    const azure = rest === undefined ? {} : { azure: { endpoint: rest.endpoint, port: rest.port } };
    const more = declared.length === 0 ? azure : { ...azure, declared };
    return JSON.stringify({ ...status, ...more }, null, indent);
  }
  const head = rest === undefined ? [] : [`Azure Resource Manager: ${rest.endpoint}`];
  const table = declared.length === 0 ? [] : [declaredText(declared)];
  const state = status === undefined ? "The lab is down." : statusText(status);
  return [...head, ...table, state].join("\n");
}

/**
 * The state now and after each change, or each second as well, because texts say what is left of a
 * time. Ends with the state of a lab that is down.
 */
export async function* changesOf(
  lab: LabPaths,
  eachSecond: boolean,
): AsyncGenerator<LabStatus | undefined> {
  let wake = () => {};
  const stop = existsSync(lab.run) ? watchFile(lab.status, () => wake()) : () => {};
  try {
    for (let last: string | undefined; supervisorOf(lab) !== undefined; ) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const status = readStatus(lab);
      if (status !== undefined && (eachSecond || status.updated !== last)) yield status;
      last = status?.updated;
      const late = setTimeout(() => wake(), LOOK_MS);
      await changed;
      clearTimeout(late);
    }
    yield undefined;
  } finally {
    stop();
  }
}

/** Reads the state of a lab that must be up; each call reads anew. Throws a UserError when it is down. */
export function statusReader(lab: LabPaths): () => LabStatus {
  return () => {
    const status = readStatus(lab);
    if (status !== undefined) return status;
    throw new UserError("the lab is down: npm run lab -- up");
  };
}
