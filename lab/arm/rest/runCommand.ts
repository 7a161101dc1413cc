/** The run-command action: a script that a running machine's agent runs as root. */
import { randomUUID } from "node:crypto";
import { type ArmError, refuse } from "../errors";
import { asBodies, asText, asTexts, type StoredResource } from "../resource";
import { refusalsOf } from "../rules";
import { keep } from "./operations";
import { type Answer, ok, type RestRequest } from "./request";

const refusals = refusalsOf("The HTTP API", {
  command: {
    code: "InvalidParameter",
    says: "A command is RunShellScript.",
    assumed: "The lab carries this one.",
  },
  parameter: {
    code: "InvalidParameter",
    says: "A parameter's name is one of a shell's variable.",
    assumed: "The lab puts it into the environment, where another cannot stand.",
  },
  notReady: {
    code: "OperationNotAllowed",
    says: "A machine has run for long enough that its agent is ready.",
    http: 409,
    assumed: "The lab's agent is ready when the machine is; no source shows the sentence.",
  },
  nobody: {
    code: "OperationNotAllowed",
    says: "Commands run while the lab's machines do.",
    http: 409,
    assumed: "It is the lab's own case: its machines may be down while its API is up.",
  },
});

/** The refusal of a command while the machine boots. */
export const agentMissing = (): ArmError =>
  refuse(refusals.notReady, "The VM agent is not ready: the machine does not run yet.");

/** The agent shows this much of each stream, its end. */
const SHOWN_BYTES = 4096;
/** A script that takes longer is answered with where to look, in milliseconds. */
const AT_ONCE_MS = 1000;

/**
 * The script comes on standard input and runs as a file of its own, so that its first line may name
 * an interpreter, with nothing left to read.
 */
const RUN = [
  'd=$(mktemp -d) && cat >"$d/script.sh" && chmod 700 "$d/script.sh" && cd "$d" || exit 126',
  './script.sh "$@" </dev/null',
  'code=$?; cd / && rm -rf "$d"; exit "$code"',
].join("\n");

export async function runCommand(request: RestRequest, vm: StoredResource): Promise<Answer> {
  const { body = {}, runInMachine } = request;
  if (asText(body.commandId)?.toLowerCase() !== "runshellscript") {
    throw refuse(
      refusals.command,
      `The embedded Azure runs the command RunShellScript, not '${asText(body.commandId) ?? ""}'.`,
      "commandId",
    );
  }
  const script = asTexts(body.script).join("\n");
  const parameters = asBodies(body.parameters).map(({ name, value }) => ({
    name: asText(name) ?? "",
    value: asText(value) ?? "",
  }));
  const wrong = parameters.find(
    ({ name }) => name !== "" && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
  );
  if (wrong !== undefined) {
    throw refuse(refusals.parameter, `'${wrong.name}' is not a parameter's name.`, "parameters");
  }
  if (runInMachine === undefined) {
    throw refuse(
      refusals.nobody,
      "No machine of this lab runs: bring it up as root to run commands.",
    );
  }
  const named = parameters.filter(({ name }) => name !== "");
  const bare = parameters.filter(({ name }) => name === "").map(({ value }) => value);
  const environment = named.map(({ name, value }) => `${name}=${value}`);
  const argv = ["env", ...environment, "sh", "-c", RUN, "run-command", ...bare];
  const work = runInMachine(vm, argv, script).then(resultOf);
  const name = randomUUID();
  const pending = keep(name, work);
  const timer = new Promise<undefined>((resolve) =>
    setTimeout(() => resolve(undefined), AT_ONCE_MS),
  );
  const done = await Promise.race([work, timer]);
  return done === undefined ? pending(request) : ok(done);
}

function resultOf({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) {
  const words =
    code === 0
      ? "Enable succeeded: "
      : `Enable failed: failed to execute command: command terminated with exit status=${code}`;
  return {
    value: [
      {
        code: "ProvisioningState/succeeded",
        level: "Info",
        displayStatus: "Provisioning succeeded",
        message: `${words}\n[stdout]\n${end(stdout)}\n[stderr]\n${end(stderr)}`,
      },
    ],
  };
}

const end = (text: string) => Buffer.from(text).subarray(-SHOWN_BYTES).toString();
