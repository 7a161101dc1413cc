/** `npm run lab -- VERB`: the embedded Azure on the command line. One verb, one file. */
import { Command } from "commander";
import { UserError } from "../userError";
import { withLabOption } from "./context";

/** A verb's file. */
interface VerbModule {
  /** Adds arguments, options and the action. */
  define(command: Command): void;
}

interface Verb {
  name: string;
  summary: string;
  /** Only the file of the verb that was asked for is read: each start stays short. */
  load: () => VerbModule;
}

const verbs: Verb[] = [
  {
    name: "pulumi",
    summary: "run the engine's own command line in the lab",
    load: () => require("./pulumi") as VerbModule,
  },
];

/** The verb of a command line: its first word that is no option of the lab itself. */
function verbOf(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg, index) => !arg.startsWith("-") && args[index - 1] !== "--lab");
  return at < 0 ? undefined : args[at];
}

async function main(args: readonly string[]): Promise<void> {
  const program = withLabOption(new Command("lab"))
    .description("An Azure on this machine: engine, resources, machines, packets.")
    .enablePositionalOptions()
    .showHelpAfterError("(lab --help shows the verbs)");
  const wanted = verbOf(args) === "help" ? args.at(-1) : verbOf(args);
  for (const { name, summary, load } of verbs) {
    const command = withLabOption(program.command(name)).description(summary);
    if (name === wanted) load().define(command);
  }
  await program.parseAsync(args, { from: "user" });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  console.error(`lab: ${error.message}`);
  process.exitCode = error.exitCode;
});
