/** The first process of a lab's box: `main.ts --lab DIR`. Everything in the box ends with it. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { Arm } from "../arm/arm";
import { Store } from "../arm/store";
import { timeFactor } from "../compute/timeFactor";
import { ensureRootfs } from "../machine/image";
import { Machine } from "../machine/machine";
import { cacheDir, labPaths } from "../paths";
import { Progress } from "../progress";
import { run } from "../run";
import { BOX_PID } from "./box";
import { Fabric } from "./fabric";

/** Seconds until a change of userData shows in the metadata service; Azure's is not documented. */
const USER_DATA_DELAY = 2;
/** Overrides {@link USER_DATA_DELAY}. */
const DELAY_VARIABLE = "GWLB_IMDS_DELAY_SECONDS";

async function main(args: string[]): Promise<void> {
  const dir = args[args.indexOf("--lab") + 1];
  if (!args.includes("--lab") || dir === undefined) throw new Error("usage: main.ts --lab DIR");
  const lab = labPaths(dir);
  for (const folder of [lab.azure, lab.run, lab.machines]) mkdirSync(folder, { recursive: true });
  let fabric: Fabric | undefined;
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    const closed = fabric?.close() ?? Promise.resolve();
    closed.catch(console.error).finally(() => process.exit());
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);
  // The supervisor holds the other end: without it there is nobody left to end the box.
  process.stdin.on("end", end).on("error", end).resume();
  await hideNspawn();
  const image = await ensureRootfs(cacheDir(), new Progress());
  const delay = Number(process.env[DELAY_VARIABLE] ?? USER_DATA_DELAY);
  const store = Store.open(lab.azure);
  fabric = new Fabric({
    store,
    arm: new Arm(store),
    scaleSetArm: new Arm(store, { fabricRuns: () => true }),
    host: {
      labDir: lab.dir,
      image,
      machines: lab.machines,
      consoles: path.join(lab.run, "consoles"),
    },
    maker: Machine,
    statusFile: lab.status,
    boxPid: Number(process.env[BOX_PID] ?? process.pid),
    timeFactor: timeFactor(),
    userDataDelay: Number.isFinite(delay) && delay >= 0 ? delay : USER_DATA_DELAY,
  });
  if (!ending) fabric.start();
}

/** systemd-nspawn keeps traces of each machine here; in the box they go with it. */
async function hideNspawn(): Promise<void> {
  const folder = "/run/systemd/nspawn";
  mkdirSync(folder, { recursive: true });
  await run(["mount", "-t", "tmpfs", "tmpfs", folder]);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
