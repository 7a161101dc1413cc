/** The embedded Azure of a lab, as its command line and its providers open it. */
import { Arm, type ArmOptions } from "./arm/arm";
import { Store } from "./arm/store";
import type { LabPaths } from "./paths";
import { supervisorOf } from "./supervisor/lifecycle";

/** The API over a lab's store; it knows whether machines run, and leaves to the fabric what is its. */
export const openArm = (lab: LabPaths, options: Pick<ArmOptions, "caller"> = {}): Arm =>
  new Arm(Store.open(lab.azure), {
    ...options,
    fabricRuns: () => supervisorOf(lab) !== undefined,
  });
