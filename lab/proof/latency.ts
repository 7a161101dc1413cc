/** TCP handshakes with the gateway, without it, and the NVA's own share of them. */
import { DEVICE } from "../../nva-cloud-init/contract/contract";
import { Arm } from "../arm/arm";
import { asText } from "../arm/resource";
import { Store } from "../arm/store";
import type { LabPaths } from "../paths";
import type { Undo } from "../undo";
import { UserError } from "../userError";
import { Capture, until } from "./capture";
import { clientAct } from "./client";
import { administrator, type Consumer, consumersOf } from "./flows";
import type { ProofStatus } from "./proof";
import { type Summary, summarize } from "./statistics";
import { handshakeTransits } from "./transit";
import { planTwin } from "./twinPlan";

/** Port of the demo's web workload. */
const PORT = 80;
/** The ways take turns this often, so that what else the machine does hits all alike. */
const ROUNDS = 5;
/** Seconds that a twin may take from its creation to its first answer. */
const TWIN_START = 90;

export interface LatencyRow {
  way: string;
  summary: Summary | undefined;
}

export interface LatencyOptions {
  lab: LabPaths;
  /** The lab's status as it is now; the twin shows up in it. */
  readStatus: () => ProofStatus;
  /** Handshakes a way; default 1,000. */
  count?: number;
}

/**
 * Measures; a twin of the first ILPIP consumer's VM stands in its own resource group meanwhile.
 * Rejects with {@link UserError} if the stack has no such consumer or handshakes fail.
 */
export async function measureLatency(
  { lab, readStatus, count = 1000 }: LatencyOptions,
  undo: Undo,
  note: (text: string) => void,
): Promise<LatencyRow[]> {
  const consumer = consumersOf(readStatus()).find(({ kind }) => kind === "ilpip");
  if (consumer === undefined) throw new UserError("no chained ILPIP to measure: is `demo` on?");
  note("starting an unchained twin");
  const twin = await startTwin(lab, consumer, readStatus, undo);
  const status = readStatus();
  const samples = { without: [] as number[], chained: [] as number[], share: [] as number[] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    note(`round ${round} of ${ROUNDS}`);
    const each = Math.ceil(count / ROUNDS);
    samples.without.push(...(await handshakes(status, twin, each)));
    samples.chained.push(...(await handshakes(status, consumer.address, each)));
    samples.share.push(...(await nvaShare(status, consumer, each)));
  }
  return [
    { way: "without gateway", summary: summarize(samples.without) },
    { way: "with gateway", summary: summarize(samples.chained) },
    { way: "NVA's own share", summary: summarize(samples.share) },
  ];
}

/** Nanoseconds of connects in a row, from the internet; rejects when one fails. */
export async function handshakes(
  status: ProofStatus,
  to: string,
  count: number,
): Promise<number[]> {
  const target = ["--source", administrator, "--to", to, "--port", String(PORT)];
  const { nanoseconds, failed } = await clientAct<{ nanoseconds: number[]; failed: number }>(
    status,
    "internet",
    ["handshakes", ...target, "--count", String(count), "--seconds", "2"],
  );
  if (failed > 0) throw new UserError(`${failed} of ${count} handshakes with ${to} failed`);
  return nanoseconds;
}

/**
 * Nanoseconds that handshakes spend between the NVA's tunnels. A round of its own: what captures
 * cost must not show in the other figures.
 */
export async function nvaShare(status: ProofStatus, consumer: Consumer, count: number) {
  const watch = (device: string) =>
    Promise.all(
      consumer.nvas.map((nva) => Capture.start(status, nva, device, `ip and tcp port ${PORT}`)),
    );
  const [external, internal] = await Promise.all([watch(DEVICE.external), watch(DEVICE.internal)]);
  const all = [...external, ...internal];
  try {
    await handshakes(status, consumer.address, count);
    const packets = (captures: readonly Capture[]) => captures.flatMap((one) => one.packets);
    const transits = () => handshakeTransits(packets(external), packets(internal), PORT);
    // A capture may be behind the packets that it has been told of.
    await until(all, () => transits().handshakes.length >= count, 2);
    return transits().handshakes;
  } finally {
    await Promise.all(all.map((one) => one.stop()));
  }
}

/** Creates the twin, waits for its first answer, and returns its public address. */
async function startTwin(
  lab: LabPaths,
  consumer: Consumer,
  readStatus: () => ProofStatus,
  undo: Undo,
): Promise<string> {
  const store = Store.open(lab.azure);
  const arm = new Arm(store);
  const [name] = consumer.vms;
  const vm = [...store.snapshot().resources.values()].find(
    (resource) => resource.type === "Microsoft.Compute/virtualMachines" && resource.name === name,
  );
  if (vm === undefined) throw new UserError(`no VM "${name}" in the embedded Azure`);
  const plan = planTwin(vm, PORT);
  const remove = async () => {
    if ((await arm.get(plan.groupId)) !== undefined) await arm.delete(plan.groupId);
  };
  // Also what a killed run has left.
  await remove();
  undo.add("latency twin", remove);
  for (const { id, body } of plan.requests) await arm.put(id, body);
  const address = asText((await arm.get(plan.publicAddressId))?.properties.ipAddress);
  if (address === undefined) throw new Error("the twin got no public address");
  await firstAnswer(address, readStatus);
  return address;
}

async function firstAnswer(address: string, readStatus: () => ProofStatus): Promise<void> {
  const deadline = Date.now() + TWIN_START * 1000;
  const knock = ["knock", "--source", administrator, "--to", address, "--port", String(PORT)];
  while (Date.now() < deadline) {
    // The time limit paces the loop: an answer ends it early.
    const args = [...knock, "--seconds", "0.5"];
    const seen = await clientAct<{ answered?: number; error?: string }>(
      readStatus(),
      "internet",
      args,
    );
    // A refused handshake is answered too, while the machine boots.
    if (seen.answered === 1 && (await serves(address, readStatus()))) return;
  }
  throw new UserError(`the unchained twin at ${address} did not answer within ${TWIN_START} s`);
}

async function serves(address: string, status: ProofStatus): Promise<boolean> {
  const page = ["fetch", "--source", administrator, "--to", address, "--port", String(PORT)];
  const { status: code } = await clientAct<{ status?: number }>(status, "internet", page);
  return code === 200;
}
