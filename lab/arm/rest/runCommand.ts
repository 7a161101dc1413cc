/** The run-command action: a script that a running machine's agent runs as root. */
import { randomUUID } from "node:crypto";
import { ArmError, refuse } from "../errors";
import { asBodies, asText, asTexts, type StoredResource } from "../resource";
import { keep } from "./operations";
import { type Answer, ok, type RestRequest } from "./request";

/** How a command gets into a running machine; undefined where no machine runs. */
export type RunInMachine = (
  vm: StoredResource,
  argv: readonly string[],
  input: string,
) => Promise<{ code: number; stdout: string; stderr: string }>;

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
      "InvalidParameter",
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
    throw refuse("InvalidParameter", `'${wrong.name}' is not a parameter's name.`, "parameters");
  }
  if (runInMachine === undefined) {
    throw new ArmError(
      409,
      "OperationNotAllowed",
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
