/** The guest's Python from outside: a few lines that import its modules, and what they print. */
import path from "node:path";
import { run } from "../../lab/run";

const guest = path.resolve(__dirname, "../../nva-cloud-init/guest");

/** Runs lines of Python that print JSON; `root` goes before every path that the modules use. */
export async function guestPython(lines: string, root = "/nonexistent"): Promise<unknown> {
  const env = { ...process.env, PYTHONPATH: guest, PYTHONDONTWRITEBYTECODE: "1", ROOT: root };
  const { stdout } = await run(["python3", "-c", lines], { env });
  return JSON.parse(stdout) as unknown;
}

/** Runs one of the guest's programs on a tree of files. */
export function guestProgram(name: string, args: readonly string[], root: string) {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ROOT: root };
  return run(["python3", path.join(guest, name), ...args], { env, allowed: [0, 1, 2] });
}
