/** `lab azure scale|upgrade|protect|repair`: what an administrator asks of a scale set. */
import { type Command, Option } from "commander";
import type { Arm } from "../arm/arm";
import {
  protect,
  REPAIR_ACTIONS,
  type RepairAction,
  repair,
  scale,
  upgrade,
} from "../compute/scaleSets/operations";
import { UserError } from "../userError";

export interface ScaleSetVerbs {
  /** Makes a verb of `lab azure`. */
  verb: (name: string, summary: string) => Command;
  arm: () => Arm;
  /** Turns Azure's refusals into the user's errors. */
  judged: <T>(call: Promise<T>) => Promise<T>;
}

/** Adds the verbs; names may be ids where a name alone would not do. */
export function defineScaleSetVerbs({ verb, arm, judged }: ScaleSetVerbs): void {
  verb("scale", "set the number of a scale set's instances")
    .argument("<scale-set>")
    .argument("<capacity>", "0 to 1000")
    .action(async (name: string, capacity: string) => {
      if (!/^\d+$/.test(capacity)) throw new UserError(`'${capacity}' is no number of instances`);
      await judged(arm().act((service) => scale(name, Number(capacity), service)));
    });

  verb("upgrade", "bring a scale set's instances to its latest model")
    .argument("<scale-set>")
    .argument("[instances...]", "these, at once; default: all that are behind, by the upgrade mode")
    .action(async (name: string, instances: string[]) => {
      const begun = await judged(arm().act((service) => upgrade(name, instances, service)));
      if (begun.instances.length === 0) console.log("Every instance is on the latest model.");
      const how = begun.rolling ? "rolling upgrade begun" : "upgraded";
      for (const instance of begun.instances) console.log(`${instance}: ${how}`);
    });

  verb("protect", "protect an instance of a scale set; without options, protect it no more")
    .argument("<instance>")
    .option("--scale-in", "from being chosen when the scale set scales in")
    .option("--actions", "from upgrades, repairs and scale-in")
    .action(async (name: string, options: { scaleIn?: true; actions?: true }) => {
      const protectFromScaleSetActions = options.actions === true;
      const protectFromScaleIn = options.scaleIn === true || protectFromScaleSetActions;
      const protection = { protectFromScaleIn, protectFromScaleSetActions };
      await judged(arm().act((service) => protect(name, protection, service)));
    });

  verb("repair", "repair an instance of a scale set")
    .argument("<instance>")
    .addOption(
      new Option("--action <what>", "instead of the scale set's repairAction").choices(
        REPAIR_ACTIONS,
      ),
    )
    .action(async (name: string, { action }: { action?: RepairAction }) => {
      const done = await judged(arm().act((service) => repair(name, action, service)));
      console.log(`${name}: ${done}`);
    });
}
