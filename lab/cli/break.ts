/** `lab break VM FAULT`: what goes wrong with machines, for a while. */
import { Argument, type Command } from "commander";
import { FAULT_KINDS, type FaultKind, faultsOf, withFault } from "../arm/faults";
import { UserError } from "../userError";
import { followed, judged, machineNamed } from "./machine";
import { positiveInteger } from "./numbers";

/** Seconds after which a fault ends by itself, unless the user says otherwise. */
const DEFAULT_SECONDS = 60;
const LONGEST_SECONDS = 3600;

/** A machine of the lab has this machine's clock: a jump of one would be a jump of all. */
const NO_CLOCK =
  "a machine of the lab is a container and has this machine's clock, which the lab does not touch: " +
  "npm run test:vm has a full virtual machine, with a clock of its own, and makes that one jump";

export function define(command: Command): void {
  const kinds = [...FAULT_KINDS, "clock"];
  command
    .argument("<vm>", "a VM by its Azure name")
    .addArgument(new Argument("<fault>", "what breaks").choices(kinds))
    .option(
      "--for <seconds>",
      `ends by itself after this time, at most ${LONGEST_SECONDS}`,
      positiveInteger,
      DEFAULT_SECONDS,
    )
    .action(async (vm: string, kind: string, options: { for: number }) => {
      if (!isFault(kind)) throw new UserError(NO_CLOCK);
      const seconds = Math.min(options.for, LONGEST_SECONDS);
      const machine = machineNamed(command, vm);
      const until = new Date(Date.now() + seconds * 1000).toISOString();
      await judged(
        machine.arm.amend(machine.id, (stored) => {
          stored.properties.faults = withFault(faultsOf(stored), { kind, until });
        }),
      );
      await followed(machine);
      console.log(`${vm}: ${kind} is broken for ${seconds} s; lab mend ${vm} ends it earlier`);
    });
}

const isFault = (kind: string): kind is FaultKind => FAULT_KINDS.some((known) => known === kind);
