/** `lab mend VM`: ends all that `lab break` has done to a machine. */
import type { Command } from "commander";
import { followed, judged, machineNamed } from "./machine";

export function define(command: Command): void {
  command.argument("<vm>", "a VM by its Azure name").action(async (vm: string) => {
    const machine = machineNamed(command, vm);
    await judged(
      machine.arm.amend(machine.id, (stored) => {
        delete stored.properties.faults;
      }),
    );
    await followed(machine);
    console.log(`${vm}: whole`);
  });
}
