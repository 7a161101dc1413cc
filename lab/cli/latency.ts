/** `lab latency`: TCP handshakes with the gateway, without it, and the NVA's own share. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { Progress } from "../progress";
import { latency } from "../proof/report";
import { contextOf } from "./context";
import { statusReader } from "./status";

/** Below this many a percentile of 99.9 means nothing; above, the lab would be busy for minutes. */
const LEAST = 100;
const MOST = 100_000;

export function define(command: Command): void {
  const count = new Option("--count <n>", `handshakes each way, ${LEAST} to ${MOST}`)
    .default(1000)
    .argParser(parseCount);
  command.addOption(count).action(async ({ count }: { count: number }) => {
    const { lab } = contextOf(command);
    const read = statusReader(lab);
    console.log(await latency({ lab, readStatus: read, count, progress: new Progress() }));
  });
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= LEAST && count <= MOST) return count;
  throw new InvalidArgumentError(`must be ${LEAST} to ${MOST}, got ${text}`);
}
