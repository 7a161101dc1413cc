/** `npm run lab -- VERB`: the embedded Azure on the command line. One verb, one file. */
import { Command } from "commander";
import { withSystemDirs } from "../host/which";
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
    name: "up",
    summary: "deploy the project's stack and wait until packets see it",
    load: () => require("./up") as VerbModule,
  },
  {
    name: "down",
    summary: "end machines and network; --purge forgets the resources too",
    load: () => require("./down") as VerbModule,
  },
  {
    name: "status",
    summary: "places, public addresses, chains, health",
    load: () => require("./status") as VerbModule,
  },
  {
    name: "exec",
    summary: "run a command on the internet host or in a VM",
    load: () => require("./exec") as VerbModule,
  },
  {
    name: "pulumi",
    summary: "run the engine's own command line in the lab",
    load: () => require("./pulumi") as VerbModule,
  },
  {
    name: "az",
    summary: "run the user's own Azure CLI against the lab",
    load: () => require("./az") as VerbModule,
  },
  {
    name: "azure",
    summary: "list, show, put and delete resources as another administrator",
    load: () => require("./azure") as VerbModule,
  },
  {
    name: "start",
    summary: "up, then send and judge the flows of the proof: npm start",
    load: () => require("./start") as VerbModule,
  },
  {
    name: "event",
    summary: "announce maintenance or the end of a VM, and carry it out",
    load: () => require("./event") as VerbModule,
  },
  {
    name: "break",
    summary: "take a VM's power, CPU, NIC, disk or memory away for a while",
    load: () => require("./break") as VerbModule,
  },
  {
    name: "mend",
    summary: "end what break has done to a VM",
    load: () => require("./mend") as VerbModule,
  },
  {
    name: "latency",
    summary: "time TCP handshakes with the gateway and without",
    load: () => require("./latency") as VerbModule,
  },
  {
    name: "capture",
    summary: "show or keep what a VM's NIC sends and receives",
    load: () => require("./capture") as VerbModule,
  },
  {
    name: "counters",
    summary: "show what each rule of an NVA's firewall policy has counted",
    load: () => require("./counters") as VerbModule,
  },
  {
    name: "guest",
    summary: "push this checkout's guest programs onto a running NVA",
    load: () => require("./guest") as VerbModule,
  },
  {
    name: "logs",
    summary: "show the records of an NVA's firewall decisions",
    load: () => require("./logs") as VerbModule,
  },
];

/** The verb of a command line: its first word that is no option of the lab itself. */
function verbOf(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg, index) => !arg.startsWith("-") && args[index - 1] !== "--lab");
  return at < 0 ? undefined : args[at];
}

async function main(args: readonly string[]): Promise<void> {
  process.env.PATH = withSystemDirs(process.env.PATH ?? "");
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
