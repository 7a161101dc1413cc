/** Whether the audit's figures are right after a flood. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FILES } from "../../nva-cloud-init/contract/contract";
import { referenceRule } from "../policies";
import type { Contender } from "./contenders";

/** The audit accounts every ten seconds, for what it read five seconds before. */
const ACCOUNTED_SECONDS = 40;
const LOGS = path.posix.dirname(FILES.records);

interface Totals {
  rules: Record<string, { written: number; suppressed?: number }>;
}

/**
 * Fate of the flood's packets; throws if records and the count of packets without one are not
 * together what was sent.
 */
export async function floodFacts(
  up: readonly Contender[],
  note: (text: string) => void,
): Promise<Record<string, number>> {
  const contender = up.find(({ key }) => key === "floodAudit");
  const { guest, flood } = contender ?? {};
  if (guest === undefined || flood === undefined) return {};
  note("waiting for the audit's account of the flood");
  const end = Date.now() + ACCOUNTED_SECONDS * 1000;
  for (;;) {
    const { rules } = JSON.parse(await guest.sh(`cat ${FILES.recordTotals}`)) as Totals;
    const { written = 0, suppressed = 0 } = rules[referenceRule.name] ?? {};
    if (written + suppressed === flood.sent) {
      const size = Number((await guest.sh(`du -cb ${LOGS}/* | tail -n 1`)).split(/\s/)[0]);
      const floods = { floodSent: flood.sent, floodWritten: written, floodSuppressed: suppressed };
      return { ...floods, auditBytes: size };
    }
    if (Date.now() > end) {
      throw new Error(
        `of ${flood.sent} dropped packets ${written} have a record and ${suppressed} were counted`,
      );
    }
    await sleep(500);
  }
}
