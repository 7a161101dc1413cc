/** The fuzzer, pinned by its hashes, from PyPI into the user's cache folder: the system stays as it is. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { cacheDir, checkout } from "../../lab/paths";
import { run } from "../../lab/run";

const requirements = path.join(__dirname, "requirements.txt");

/** The environment of the guest's modules alone: enough to replay what is kept. */
export const replayEnv = {
  ...process.env,
  PYTHONPATH: path.join(checkout, "nva-cloud-init/guest"),
  PYTHONDONTWRITEBYTECODE: "1",
  ROOT: "/nonexistent",
};

/** The same with the fuzzer, which is installed if it is not there. */
export async function fuzzEnv(): Promise<NodeJS.ProcessEnv> {
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  const dir = path.join(cacheDir(), "fuzz", hash.slice(0, 16));
  if (!existsSync(dir)) await install(dir);
  return {
    ...replayEnv,
    PYTHONPATH: `${replayEnv.PYTHONPATH}:${dir}`,
    HYPOTHESIS_STORAGE_DIRECTORY: path.join(dir, "storage"),
  };
}

async function install(dir: string): Promise<void> {
  const fresh = `${dir}.${process.pid}`;
  const pip = ["python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const exact = ["--no-deps", "--require-hashes", "--only-binary=:all:"];
  await run([...pip, ...exact, "--target", fresh, "-r", requirements], {
    env: { ...process.env, PIP_ROOT_USER_ACTION: "ignore" },
    timeoutSeconds: 300,
  });
  try {
    renameSync(fresh, dir);
  } catch (cause) {
    rmSync(fresh, { recursive: true, force: true });
    // Somebody else was faster.
    if (!existsSync(dir)) throw cause;
  }
}
