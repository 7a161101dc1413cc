/** `lab azure`: the resources themselves, past the engine, as another administrator would. */
import { readFileSync } from "node:fs";
import { Argument, type Command, Option } from "commander";
import { MACHINE_ACTIONS, type MachineAction } from "../compute/machineState";
import { openArm } from "../openArm";
import { UserError } from "../userError";
import { defineEndpoint } from "./azureEndpoint";
import { contextOf, withLabOption } from "./context";
import { judged } from "./machine";
import { defineScaleSetVerbs } from "./scaleSets";

/** Exit code of a question for something that does not exist. */
const NOT_FOUND = 3;

export function define(command: Command): void {
  const verb = (name: string, summary: string) =>
    withLabOption(command.command(name)).description(summary);
  const arm = () => openArm(contextOf(command).lab);

  verb("list", "all resources, those under an id, or those of a type")
    .argument("[id-or-type]", "…/resourceGroups/NAME, or Microsoft.Network/loadBalancers")
    .option("--json", "whole resources instead of their ids")
    .action(async (filter: string | undefined, { json }: { json?: true }) => {
      const found = await judged(arm().list(filter));
      if (json) print(found);
      else for (const { id } of found) console.log(id);
    });

  verb("show", "one resource in Azure's shape")
    .argument("<id>")
    .addOption(new Option("--expand <what>", "show also").choices(["userData", "instanceView"]))
    .action(async (id: string, options: { expand?: string }) => {
      const found = await judged(arm().get(id, options));
      if (found === undefined) throw new UserError(`ResourceNotFound: ${id}`, NOT_FOUND);
      print(found);
    });

  verb("put", "create a resource, or replace all of it")
    .argument("<id>")
    .argument("<file>", "its body as JSON in Azure's shape; - for standard input")
    .action(async (id: string, file: string) => print(await judged(arm().put(id, bodyIn(file)))));

  defineScaleSetVerbs({ verb, arm, judged });

  defineEndpoint(
    verb("endpoint", "where Azure's clients find this lab, and how they sign in"),
    () => contextOf(command).lab,
  );

  verb("delete", "delete a resource")
    .argument("<id>")
    .action((id: string) => judged(arm().delete(id)));

  verb("action", "an operation on a virtual machine")
    .argument("<id>")
    .addArgument(new Argument("<operation>").choices(MACHINE_ACTIONS))
    .option("--skip-shutdown", "powerOff takes the power away instead of asking the guest")
    .action(async (id: string, action: MachineAction, options: { skipShutdown?: true }) =>
      console.log(await judged(arm().action(id, action, options))),
    );
}

function bodyIn(file: string): Record<string, unknown> {
  const name = file === "-" ? "standard input" : file;
  let body: unknown;
  try {
    body = JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (cause) {
    throw new UserError(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (typeof body === "object" && body !== null && !Array.isArray(body)) {
    return body as Record<string, unknown>;
  }
  throw new UserError(`${name}: a resource is a JSON object`);
}

function print(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}
