/** Common parts of the verbs about one machine. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { type Arm, ArmError } from "../arm/arm";
import { Store } from "../arm/store";
import { openArm } from "../openArm";
import type { LabPaths } from "../paths";
import type { LabStatus } from "../supervisor/status";
import { UserError } from "../userError";
import { contextOf } from "./context";
import { statusReader } from "./status";

export interface LabMachine {
  /** Azure's id. */
  id: string;
  arm: Arm;
  lab: LabPaths;
  /** Reads the lab's state anew. */
  readStatus: () => LabStatus;
}

/** The network follows the store within this time, or something is wrong, in milliseconds. */
const FOLLOWS_MS = 30_000;
const LOOK_MS = 50;

/** A VM of a lab that is up, by its place's name. */
export function machineNamed(command: Command, name: string): LabMachine {
  const { lab } = contextOf(command);
  const readStatus = statusReader(lab);
  const { places } = readStatus();
  const id = places.find((place) => place.name === name)?.id;
  if (id !== undefined) return { id, arm: openArm(lab), lab, readStatus };
  const vms = places.filter(({ kind }) => kind === "vm").map((place) => place.name);
  throw new UserError(`no VM ${name} in the lab; there are ${vms.join(", ") || "none"}`);
}

/** A refusal of Azure's is the user's to put right. */
export async function judged<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ArmError) throw new UserError(`${error.code}: ${error.message}`);
    throw error;
  }
}

/** Waits until the lab's network has taken over all that the store says now. */
export async function followed({ lab, readStatus }: LabMachine): Promise<void> {
  const { seq } = Store.open(lab.azure).snapshot();
  for (const deadline = Date.now() + FOLLOWS_MS; readStatus().appliedSeq < seq; ) {
    if (Date.now() > deadline) throw new UserError("the lab's network does not follow: lab status");
    await sleep(LOOK_MS);
  }
}
