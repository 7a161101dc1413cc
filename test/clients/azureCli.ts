/** The Azure CLI at one version, in the cache of what is made once. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { which } from "../../lab/host/which";
import { run } from "../../lab/run";

/** The version that the tests speak with. */
const AZURE_CLI = "2.91.0";
/** Several hundred megabytes come from the package index. */
const INSTALL_SECONDS = 1800;

/** Folder of an `az`; installed on the first call, which takes minutes. */
export async function azureCli(cache: string): Promise<string> {
  const folder = path.join(cache, `azure-cli-${AZURE_CLI}`);
  const bin = path.join(folder, "bin");
  // Programs of a virtual environment name its folder: it is made where it stays, and marked at last.
  const mark = path.join(folder, "complete");
  if (existsSync(mark)) return bin;
  const python = which("python3");
  if (python === undefined)
    throw new Error("there is no python3 with venv: python3-venv brings it");
  rmSync(folder, { recursive: true, force: true });
  const options = { timeoutSeconds: INSTALL_SECONDS };
  await run([python, "-m", "venv", folder], options);
  const pip = [path.join(bin, "python3"), "-m", "pip", "install", "--quiet"];
  await run([...pip, `azure-cli==${AZURE_CLI}`], options);
  writeFileSync(mark, "");
  return bin;
}
