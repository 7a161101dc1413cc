/** Needs of the tests on this machine. */
import { ensureHost, FABRIC_TOOLS, thisHost } from "../../lab/host/packages";
import { Progress } from "../../lab/progress";

/** Programs that only tests use. */
const TEST_TOOLS = [
  { command: "shellcheck", debianPackage: "shellcheck" },
  { command: "curl", debianPackage: "curl" },
  { command: "nginx", debianPackage: "nginx-light" },
];

/** Why data-path tests cannot run here; undefined if they can. Installs what it may install. */
export async function missingForDataPath(): Promise<string | undefined> {
  const tools = [...FABRIC_TOOLS, ...TEST_TOOLS];
  const verdict = await ensureHost(new Progress(), thisHost(), tools);
  return verdict.packets ? undefined : verdict.reason;
}
