/** `npm run policy -- VERB`: looks at firewall policies without deploying anything. */
import { Command } from "commander";
import {
  bundlePolicy,
  describeChanges,
  diffSettings,
  explainPacket,
  RuleDirection,
} from "../../components/policy";
import { parsePacket } from "../../components/policy/packetText";
import { DEVICE } from "../../nva-cloud-init/contract/contract";
import { type ImportOptions, importFile } from "./import";
import { findings, PolicyError, readPolicy, validPolicy } from "./read";
import { differenceLines, explanationLines } from "./show";

const WHERE = "a YAML or JSON file, or the name of a stack";

/**
 * The command line; `print` takes each line of the answer, `complain` what stands in its way. Sets
 * `process.exitCode`.
 */
export function policyCommand(
  print: (line: string) => void,
  complain: (line: string) => void = (line) => console.error(line),
): Command {
  const program = new Command("policy").description("Firewall policies: check, explain, compare.");
  program
    .command("check")
    .description("list every problem and warning of a policy; exit 1 if it has problems")
    .argument("<policy>", WHERE)
    .action((name: string) => {
      const { problems, warnings } = findings(readPolicy(name));
      for (const problem of problems) print(`problem: ${problem}`);
      for (const warning of warnings) print(`warning: ${warning}`);
      if (problems.length > 0) {
        process.exitCode = 1;
        return;
      }
      const { hash, bytes } = bundlePolicy(validPolicy(name));
      print(`ok: ${bytes} bytes of userData, hash ${hash}`);
    });
  program
    .command("explain")
    .description("tell which rule decides about a flow, and why those in front do not")
    .argument("[policy]", WHERE, "dev")
    .requiredOption("--from <address>", "8.8.8.8, 8.8.8.8:5000, [2001:db8::1]:5000")
    .requiredOption("--to <address/protocol>", "20.1.1.1:22/tcp, 20.1.1.1/icmp:echo-request")
    .option("--outbound", "a flow to the internet; without it, one from the internet")
    .option("--json", "print JSON")
    .action((name: string, options: ExplainOptions) => {
      const direction = options.outbound ? RuleDirection.Outbound : RuleDirection.Inbound;
      const packet = parsePacket(options.from, options.to, direction);
      const explanation = explainPacket(validPolicy(name), packet);
      const lines = options.json
        ? [JSON.stringify(explanation)]
        : explanationLines(packet, explanation);
      for (const line of lines) print(line);
    });
  program
    .command("diff")
    .description("list the packets whose verdict changes, as ranges")
    .argument("<old>", WHERE)
    .argument("<new>", WHERE)
    .option("--exit-code", "exit 1 if a packet's verdict or a setting changes")
    .option("--json", "print JSON")
    .action((before: string, after: string, options: DiffOptions) => {
      const [old, next] = [validPolicy(before), validPolicy(after)];
      const [settings, changes] = [diffSettings(old, next), describeChanges(old, next)];
      const lines = options.json
        ? [JSON.stringify({ settings, changes })]
        : differenceLines(settings, changes);
      for (const line of lines) print(line);
      if (options.exitCode && settings.length + changes.length > 0) process.exitCode = 1;
    });
  program
    .command("import")
    .description("write the policy that an iptables-save of a hand-made NVA amounts to")
    .argument("<file>", "what iptables-save printed")
    .option("--external <device>", "the tunnel towards the internet", DEVICE.external)
    .option("--internal <device>", "the tunnel towards the application", DEVICE.internal)
    .option("--bridge <device>", "the bridge that both tunnels are ports of", DEVICE.bridge)
    .option("--allow-partial", "write a stricter policy where a line cannot be taken exactly")
    .action((file: string, options: ImportOptions) => {
      if (!importFile(file, options, print, complain)) process.exitCode = 1;
    });
  return program;
}

interface DiffOptions {
  exitCode?: boolean;
  json?: boolean;
}

interface ExplainOptions {
  from: string;
  to: string;
  outbound?: boolean;
  json?: boolean;
}

if (require.main === module) {
  try {
    policyCommand((line) => console.log(line)).parse();
  } catch (error) {
    console.error(
      error instanceof PolicyError ? error.message : `policy: ${(error as Error).message}`,
    );
    process.exitCode = 1;
  }
}
