/** The proof as a person sees it: two tables and a line of counts. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Progress } from "../progress";
import { withUndo } from "../undo";
import { UserError } from "../userError";
import { describeAct } from "./flows";
import { type LatencyOptions, measureLatency } from "./latency";
import { type ProofStatus, prove } from "./proof";
import { flowTable, latencyTable } from "./tables";

/** Exit code of a run that had nothing to prove anything with: neither success nor failure. */
export const NOTHING_PROVEN = 2;

/** Several probes' time: what is not healthy by then needs a person. */
const HEALTHY_SECONDS = 30;
const POLL_MS = 50;

export interface MeasureOptions extends LatencyOptions {
  progress: Progress;
}

export interface ReportOptions extends MeasureOptions {
  print: (text: string) => void;
}

/** Sends all flows, measures, prints; ends with `N passed, N failed` and returns the exit code. */
export async function report(options: ReportOptions): Promise<number> {
  const { print, progress, readStatus } = options;
  await progress.step("healthy NVAs", () => untilHealthy(readStatus));
  const verdicts = await flows(readStatus(), progress);
  if (verdicts.length === 0) {
    return nothingProven("there is no chained consumer with a VM behind it", print);
  }
  print(`\n${flowTable(verdicts)}\n`);
  const passed = verdicts.filter((verdict) => verdict.passed).length;
  let failed = verdicts.length - passed;
  try {
    print(await latency(options));
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    print(`✖ latency: ${cause.message}`);
    failed += 1;
  }
  print(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Says why no packet was sent; its last line counts, too. */
export function nothingProven(reason: string, print: ReportOptions["print"]): number {
  print(`The stack is deployed, but no packet was sent: ${reason}`);
  print("\n0 passed, 0 failed");
  return NOTHING_PROVEN;
}

/** Measures and returns the table, with what the rows mean. */
export async function latency(options: MeasureOptions): Promise<string> {
  const rows = await options.progress.step("timing TCP handshakes", (note) =>
    withUndo((undo) => measureLatency(options, undo, note)),
  );
  const meaning = [
    "without gateway: a twin of the same VM with a public address of its own, unchained;",
    "NVA's own share: of a SYN's way in and its answer's way back, between the two tunnels.",
  ];
  return [latencyTable(rows), ...meaning].join("\n");
}

/** A first probe may have come a moment too early: the lab is ready then, the NVA is not. */
async function untilHealthy(readStatus: () => ProofStatus): Promise<void> {
  const deadline = Date.now() + HEALTHY_SECONDS * 1000;
  for (;;) {
    const nvas = readStatus().gateways.flatMap((gateway) => gateway.nvas);
    const sick = nvas.find(({ healthy }) => !healthy);
    if (sick === undefined) return;
    if (Date.now() > deadline) throw new UserError(`${sick.vm} is not healthy: ${sick.reason}`);
    await sleep(POLL_MS);
  }
}

function flows(status: ProofStatus, progress: Progress) {
  return progress.step("sending flows through the NVA", (note) =>
    withUndo((undo) =>
      prove(status, undo, (flow, number, of) => {
        const { act, consumer, host } = flow;
        note(`${number} of ${of}: ${host} ${describeAct(act)} ${consumer.name}`);
      }),
    ),
  );
}
