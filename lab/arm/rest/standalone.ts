/**
 * The interface over a fresh Azure, apart from any lab: prints what clients need, serves until
 * its standard input ends or a signal comes, and leaves nothing. No root, no engine.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Arm } from "../arm";
import { Store } from "../store";
import { clientSettings, environmentOf } from "./clientSettings";
import { startRest } from "./server";

async function main(args: readonly string[]): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "gwlb-arm-"));
  const store = Store.open(path.join(folder, "azure"));
  const server = await startRest({ folder, armFor: (caller) => new Arm(store, { caller }) });
  const settings = clientSettings(server);
  console.log(args.includes("--json") ? JSON.stringify(settings) : environmentOf(settings));
  const end = () => void server.close().then(() => process.exit(0));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);
  process.stdin.on("end", end).resume();
}

void main(process.argv.slice(2));
