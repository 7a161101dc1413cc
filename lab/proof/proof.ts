/** Sends the planned flows one after another and watches them where they must and must not be. */
import { DEVICE, FILES } from "../../nva-cloud-init/contract/contract";
import { inPlace, type PlaceMap } from "../places";
import { CommandError, run } from "../run";
import type { Undo } from "../undo";
import { Capture, until } from "./capture";
import { send, sendMarker } from "./client";
import {
  type ChainStatus,
  type Consumer,
  consumersOf,
  type Flow,
  planFlows,
  wireOf,
} from "./flows";
import { type Counters, judge, type Observation, parseCounters, type Verdict } from "./judge";
import type { Packet } from "./pcap";

/** Where the NVA's image keeps the program that knows the rules' counters. */
export const POLICY_PROGRAM = `${FILES.programs}/gwlb-policy`;
/** Seconds that the captures get to see what the client already knows to have happened. */
const SETTLE = 1;

export type ProofStatus = PlaceMap & ChainStatus;

/**
 * Sends every planned flow to the chained consumers and judges it; `step` hears of each before it
 * runs. Flows run one at a time: a counter's rise then belongs to one flow.
 */
export async function prove(
  status: ProofStatus,
  undo: Undo,
  step: (flow: Flow, number: number, of: number) => void,
  plan: (consumers: readonly Consumer[]) => Flow[] = planFlows,
): Promise<Verdict[]> {
  const consumers = consumersOf(status);
  const watch = await Watch.start(status, consumers, undo);
  const flows = plan(consumers);
  const verdicts: Verdict[] = [];
  let before = await watch.counters();
  for (const [index, flow] of flows.entries()) {
    step(flow, index + 1, flows.length);
    const observation = await observe(status, watch, flow, before);
    // Packets that catch the captures up are counted, too, and belong to no flow.
    before = flow.expected === "passes" ? observation.after : await watch.counters();
    verdicts.push(judge(flow, observation));
  }
  return verdicts;
}

async function observe(
  status: ProofStatus,
  watch: Watch,
  flow: Flow,
  before: Counters,
): Promise<Observation> {
  watch.forget();
  const answer = await send(status, flow).catch(asAnswer);
  const after = await watch.counters();
  const look = (): Observation => ({ answer, before, after, ...watch.seen(flow) });
  // The absence of a packet is proven only once the captures have caught up with the present.
  if (flow.expected !== "passes") await watch.catchUp(flow.consumer);
  else await watch.until(() => judge(flow, look()).passed);
  return look();
}

/** A client that could not even run is a finding about its flow, not the end of the proof. */
function asAnswer(cause: unknown) {
  if (cause instanceof CommandError) return { error: `${cause.reason}: ${cause.stderr.trim()}` };
  throw cause;
}

/** Captures on both tunnels of every NVA and on every consumer's VMs. */
class Watch {
  private constructor(
    private readonly status: ProofStatus,
    private readonly nvas: readonly string[],
    private readonly external: readonly Capture[],
    private readonly internal: readonly Capture[],
    private readonly vms: ReadonlyMap<string, Capture>,
  ) {}

  static async start(
    status: ProofStatus,
    consumers: readonly Consumer[],
    undo: Undo,
  ): Promise<Watch> {
    const nvas = [...new Set(consumers.flatMap((consumer) => consumer.nvas))];
    const vms = [...new Set(consumers.flatMap((consumer) => consumer.vms))];
    const capture = async (starting: Promise<Capture>) => {
      const started = await starting;
      undo.add(`capture on ${started.where}`, () => started.stop());
      return started;
    };
    const [external, internal, inVms] = await Promise.all([
      Promise.all(nvas.map((nva) => capture(Capture.ofTunnel(status, nva, DEVICE.external)))),
      Promise.all(nvas.map((nva) => capture(Capture.ofTunnel(status, nva, DEVICE.internal)))),
      Promise.all(
        vms.map(async (vm) => [vm, await capture(Capture.start(status, vm, "any", "ip"))] as const),
      ),
    ]);
    return new Watch(status, nvas, external, internal, new Map(inVms));
  }

  /** Counters of all NVAs, added up by rule. */
  async counters(): Promise<Counters> {
    const sum = new Map<string, number>();
    const read = async (nva: string) =>
      parseCounters((await run(inPlace(this.status, nva, [POLICY_PROGRAM, "counters"]))).stdout);
    for (const counters of await Promise.all(this.nvas.map(read))) {
      for (const [rule, packets] of counters) sum.set(rule, (sum.get(rule) ?? 0) + packets);
    }
    return sum;
  }

  forget(): void {
    for (const capture of this.all()) capture.take();
  }

  /** Packets of a flow, by the place where they were seen. */
  seen(flow: Flow): Pick<Observation, "external" | "internal" | "arrived"> {
    const { consumer, host } = flow;
    const wire = wireOf(flow.act);
    // The end of the flow before may be seen late; fragments after the first have no port.
    const alike = ({ protocol, sourcePort, destinationPort }: Packet) =>
      protocol === wire.protocol &&
      (wire.port === undefined ||
        sourcePort === undefined ||
        [sourcePort, destinationPort].includes(wire.port));
    const onTunnel = (packet: Packet) =>
      alike(packet) &&
      ((packet.source === host && packet.destination === consumer.address) ||
        (packet.source === consumer.address && packet.destination === host));
    const packets = (captures: readonly Capture[]) =>
      captures.flatMap((capture) => capture.packets.filter(onTunnel));
    const arrived = consumer.vms.flatMap((vm) =>
      (this.vms.get(vm)?.packets ?? []).filter((packet) => packet.source === host && alike(packet)),
    );
    return { external: packets(this.external), internal: packets(this.internal), arrived };
  }

  /** Waits until the look is satisfied, or for as long as captures need to settle. */
  async until(satisfied: () => boolean): Promise<void> {
    await until(this.all(), satisfied, SETTLE);
  }

  /** Returns when captures on the way to a consumer have seen a packet sent just now. */
  async catchUp(consumer: Consumer): Promise<void> {
    const port = await sendMarker(this.status, consumer.address);
    if (port === undefined) return;
    const marked = (captures: readonly Capture[]) =>
      captures.some(({ packets }) => packets.some(({ sourcePort }) => sourcePort === port));
    // Of several NVAs or VMs only one sees the marker.
    const onWay = [this.external, this.internal, [...this.vms.values()]];
    await this.until(() => onWay.every(marked));
  }

  private all(): Capture[] {
    return [...this.external, ...this.internal, ...this.vms.values()];
  }
}
