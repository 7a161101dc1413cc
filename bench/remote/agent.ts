/** The measuring program on a user's own host: one file, and nothing is left there. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { zipSync } from "fflate";
import { labPaths } from "../../lab/paths";
import { inPlace } from "../../lab/places";
import type { Argv } from "../../lab/run";
import { readStatus } from "../../lab/supervisor/readStatus";
import { UserError } from "../../lab/userError";
import { Talker } from "../../test/support/talker";

const MODULES = ["connect", "frames", "loader", "packets"];
const GUEST = "../../nva-cloud-init/guest";
/** The parts of the guest that the bench uses: its loader of eBPF objects, and facts of an NVA. */
const GUEST_MODULES = ["gwlb/__init__.py", "gwlb/bpf.py", "gwlb/contract.py"];
const LAB = "lab:";
/** Reads a file from its input, of the size that stands in the first line, and becomes it. */
const BOOTSTRAP = [
  "import runpy, sys, tempfile",
  "size = int(sys.stdin.buffer.readline())",
  'file = tempfile.NamedTemporaryFile(suffix=".pyz")',
  "file.write(sys.stdin.buffer.read(size))",
  "file.flush()",
  'runpy.run_path(file.name, run_name="__main__")',
].join("; ");

/** Gives the command that runs Python with these arguments on a host. */
export type Reach = (python: Argv) => Argv;

/** A host by what the user wrote: an ssh destination, or `lab:PLACE` for a place of the lab. */
export function reachOf(host: string, sudo: boolean, labDir: string): Reach {
  const prefix = sudo ? ["sudo", "-n"] : [];
  if (host.startsWith(LAB)) {
    const status = readStatus(labPaths(labDir));
    if (status === undefined) throw new UserError(`${host}: the lab is down: npm run lab -- up`);
    return (python) => inPlace(status, host.slice(LAB.length), [...python]);
  }
  if (host.startsWith("-")) throw new UserError(`${host}: not an ssh destination`);
  // The remote shell takes the command apart again; nothing in it has an apostrophe.
  const quoted = (word: string) => (/^[\w.-]+$/.test(word) ? word : `'${word}'`);
  return (python) => [
    ...["ssh", "-o", "BatchMode=yes", "-T", host, "--"],
    [...prefix, ...python].map(quoted).join(" "),
  ];
}

/** The one file: a zip that Python runs. */
export function agentFile(): Uint8Array {
  const read = (file: string) => new Uint8Array(readFileSync(path.join(__dirname, file)));
  const bench = (name: string) => read(`../dataPath/${name}.py`);
  const files = {
    "__main__.py": bench("agent"),
    ...Object.fromEntries(MODULES.map((name) => [`${name}.py`, bench(name)])),
    ...Object.fromEntries(GUEST_MODULES.map((name) => [name, read(`${GUEST}/${name}`)])),
    "bpf/generator.o": read("../dataPath/bpf/generator.o"),
  };
  return zipSync(files, { mtime: new Date(2020, 0, 1) });
}

/** Starts the program on a host. Throws an error with the host's words if it does not start. */
export async function startAgent(host: string, reach: Reach): Promise<RemoteAgent> {
  const file = agentFile();
  const first = Buffer.concat([Buffer.from(`${file.length}\n`), file]);
  const talker = await Talker.start(host, reach(["python3", "-u", "-c", BOOTSTRAP]), first);
  return new RemoteAgent(host, talker);
}

export class RemoteAgent {
  constructor(
    readonly host: string,
    private readonly talker: Talker,
  ) {}

  /** Asks; what the host's system refuses is a UserError. */
  async ask<Answer>(request: object): Promise<Answer> {
    const answer = await this.talker.ask<Answer & { error?: string }>(request);
    if (answer.error !== undefined) throw new UserError(`${this.host}: ${answer.error}`);
    return answer;
  }

  stop(): void {
    this.talker.stop();
  }
}
