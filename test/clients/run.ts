/**
 * `npm run test:clients`: minutes, as root; not part of `npm test`. Installs the Azure CLI and builds
 * the program for Go first.
 */
import path from "node:path";
import { cacheDir } from "../../lab/paths";
import { Progress } from "../../lab/progress";
import { start } from "../../lab/run";
import { boxed } from "../support/box";
import { bring } from "../support/bring";
import { missingForDataPath } from "../support/host";
import { azureCli } from "./azureCli";
import { goClient } from "./goClient";

async function main(): Promise<number> {
  const lacking = await missingForDataPath();
  if (lacking !== undefined) {
    console.error(`cannot run machines here: ${lacking}`);
    return 1;
  }
  // Here, and not in the box: there is no network in there.
  const bin = await new Progress().step("installing the Azure CLI", () => azureCli(cacheDir()));
  await new Progress().step("building the Go client", () => goClient(cacheDir()));
  await bring(["engine", "machine", "load"]);
  const files = ["goSdk.ts", "az.ts"].map((name) => path.join(__dirname, name));
  const node = [process.execPath, "--require", "tsx/cjs", "--test", "--test-reporter=spec"];
  const argv = [...node, "--test-concurrency=1", ...files];
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const child = start(boxed(argv), { stdio: ["ignore", "inherit", "inherit"], env });
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}

void main().then((code) => {
  process.exitCode = code;
});
