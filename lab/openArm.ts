/** The embedded Azure of a lab, as its command line and its providers open it. */
import { Arm, type ArmOptions } from "./arm/arm";
import { Store } from "./arm/store";
import type { LabPaths } from "./paths";
import { supervisorOf } from "./supervisor/lifecycle";
import { UserError } from "./userError";

/** Milliseconds that a write takes where nothing else is said: enough for writes to meet. */
const WRITE_MS = 10;

/** Milliseconds that a write takes in a lab, by `GWLB_LAB_WRITE_MS`. Throws if it is no number. */
export function writeMs(env: NodeJS.ProcessEnv = process.env): number {
  const text = env.GWLB_LAB_WRITE_MS;
  const wanted = text === undefined || text === "" ? WRITE_MS : Number(text);
  if (Number.isFinite(wanted) && wanted >= 0) return wanted;
  throw new UserError(`GWLB_LAB_WRITE_MS is '${text}', but must be a number of milliseconds`);
}

/** The API over a lab's store; it knows whether machines run, and leaves to the fabric what is its. */
export const openArm = (lab: LabPaths, options: Pick<ArmOptions, "caller"> = {}): Arm =>
  new Arm(Store.open(lab.azure), {
    ...options,
    writeMs: writeMs(),
    fabricRuns: () => supervisorOf(lab) !== undefined,
  });
