/**
 * `npm run test:vm [-- RELEASE…]`: minutes, as root; not part of `npm test`. Installs QEMU where it
 * is missing. A release of Debian is `bookworm` or `sid`; both where none is named.
 */
import path from "node:path";
import { which } from "../../lab/host/which";
import { cacheDir } from "../../lab/paths";
import { Progress } from "../../lab/progress";
import { run, start } from "../../lab/run";
import { boxed } from "../support/box";
import { missingForDataPath } from "../support/host";
import { releasesIn, vmImage } from "./image";

const tools = {
  "qemu-system-x86_64": "qemu-system-x86",
  mmdebstrap: "mmdebstrap",
  "mkfs.ext4": "e2fsprogs",
};
const searchPath = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;

async function main(): Promise<number> {
  const lacking = await missingForDataPath();
  if (lacking !== undefined) {
    console.error(`cannot run a virtual machine's network here: ${lacking}`);
    return 1;
  }
  const missing = Object.entries(tools).flatMap(([command, debianPackage]) =>
    which(command, searchPath) === undefined ? [debianPackage] : [],
  );
  if (missing.length > 0) {
    console.log(`installing ${missing.join(", ")}`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const install = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", ...missing];
    await run(install, { env, timeoutSeconds: 900 });
  }
  // Here, and not in the box: there is no network in there.
  const releases = releasesIn(process.argv.slice(2));
  for (const release of releases) {
    const title = `building the virtual machine's image of ${release}`;
    await new Progress().step(title, () => vmImage(cacheDir(), release));
  }
  const node = [process.execPath, "--require", "tsx/cjs", "--test-reporter=spec"];
  const codes: number[] = [];
  for (const release of releases) {
    const child = start(boxed([...node, path.join(__dirname, "nva.ts"), release]), {
      stdio: ["ignore", "inherit", "inherit"],
    });
    codes.push(await new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1))));
  }
  return Math.max(0, ...codes);
}

void main().then((code) => {
  process.exitCode = code;
});
