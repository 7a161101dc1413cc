/** Says what an observed flow proves. Pure. */
import { COMMENT } from "../../nva-cloud-init/contract/contract";
import { type Act, describeAct, type Flow, FRAGMENTED } from "./flows";
import { type Packet, SYN } from "./pcap";

/** Output of `client.py`; which fields there are depends on the act. */
export interface Answer {
  error?: string;
  sent?: number;
  answered?: number;
  text?: string;
  status?: number;
  bytes?: number;
  sha256?: string;
  sentSha256?: string;
  intact?: boolean;
  peer?: string;
  headers?: Readonly<Record<string, string>>;
}

/** Packets of a rule of the NVA, by rule name. */
export type Counters = ReadonlyMap<string, number>;

export interface Observation {
  answer: Answer;
  /** Packets of this flow on the NVAs' tunnels, in order. */
  external: readonly Packet[];
  internal: readonly Packet[];
  /** Packets of this flow that came to a VM of the consumer. */
  arrived: readonly Packet[];
  before: Counters;
  after: Counters;
}

export interface Verdict {
  flow: Flow;
  passed: boolean;
  /** The observation in a few words. */
  seen: string;
  /** Counters that moved: `rule 0 → 3`. */
  counters: string[];
  /** Problems; empty if the flow did what it should. */
  problems: string[];
}

/** Counts packets of flows that a rule has let in before: no rule decides on those. */
const ESTABLISHED = COMMENT.flow;
/** Bytes of a full inner packet: the internet's MTU. */
const FULL = 1500;
/** A transfer of this size must fill packets. */
const LARGE = 100_000;

export function judge(flow: Flow, observation: Observation): Verdict {
  const { problems, seen } = findings(flow, observation);
  const counters = risen(observation).map(({ rule, from, to }) => `${rule} ${from} → ${to}`);
  return { flow, passed: problems.length === 0, seen, counters, problems };
}

/** Counters of rules that moved, with the figures around the flow. */
export function risen({ before, after }: Pick<Observation, "before" | "after">) {
  return [...after]
    .map(([rule, to]) => ({ rule, from: before.get(rule) ?? 0, to }))
    .filter(({ rule, from, to }) => to !== from && rule !== ESTABLISHED);
}

/** Reads what `gwlb-policy counters` prints: one JSON object a line. */
export function parseCounters(text: string): Counters {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return new Map(
    lines.map((line) => {
      const { rule, packets } = JSON.parse(line) as { rule: string; packets: number };
      return [rule, packets] as const;
    }),
  );
}

interface Findings {
  seen: string;
  problems: string[];
}

function findings(flow: Flow, observation: Observation): Findings {
  switch (flow.expected) {
    case "passes":
      return passing(flow, observation);
    case "dropped by the NVA":
      return dropped(observation);
    case "stopped by the security group":
      return stopped(observation);
    case "answered by the platform":
      return platform(flow, observation);
  }
}

/** Proven twice: nobody answered or was reached, and one counter rose by what was sent. */
function dropped({ answer, external, internal, arrived, ...counted }: Observation): Findings {
  const sent = answer.sent ?? 0;
  const moved = risen(counted);
  const rise = moved.map(({ from, to }) => to - from);
  const problems = [
    ...unanswered(answer),
    ...unless(syns(external) === sent, `${sent} sent, ${syns(external)} came to the NVA`),
    ...unless(internal.length === 0, `${internal.length} packets left the NVA`),
    ...unless(arrived.length === 0, `${arrived.length} packets reached the VM`),
    ...unless(
      rise.length === 1 && rise[0] === sent,
      `no single counter rose by ${sent}: ${rise.length === 0 ? "none rose" : rise.join(", ")}`,
    ),
  ];
  return { problems, seen: `${sent} SYNs, no answer, none at the VM` };
}

function stopped({ answer, external, internal, arrived }: Observation): Findings {
  const sent = answer.sent ?? 0;
  const problems = [
    ...unanswered(answer),
    ...unless(syns(external) === sent, `${sent} sent, ${syns(external)} came to the NVA`),
    ...unless(syns(internal) === sent, `${sent} sent, ${syns(internal)} left the NVA`),
    ...unless(arrived.length === 0, `${arrived.length} packets reached the VM`),
  ];
  return { problems, seen: `${sent} SYNs through the NVA, none at the VM` };
}

function platform(flow: Flow, { answer, external }: Observation): Findings {
  const problems = [
    ...answerProblems(flow, answer),
    ...unless(external.length === 0, `${external.length} packets crossed the NVA`),
  ];
  return { problems, seen: "answered, none at the NVA" };
}

/** An answer alone could have come around the NVA: both tunnels must have carried both ways. */
function passing(flow: Flow, observation: Observation): Findings {
  const { answer, external, internal, arrived } = observation;
  const problems = answerProblems(flow, answer);
  const { address } = flow.consumer;
  for (const [tunnel, packets] of [
    ["External", external],
    ["Internal", internal],
  ] as const) {
    const inward = packets.filter((packet) => packet.destination === address);
    const outward = packets.filter((packet) => packet.source === address);
    if (inward.length === 0) problems.push(`nothing towards the consumer on ${tunnel}`);
    if (outward.length === 0) problems.push(`nothing from the consumer on ${tunnel}`);
    const data = flow.act.kind === "download" ? outward : inward;
    problems.push(...sizeProblems(flow.act, data).map((problem) => `${tunnel}: ${problem}`));
  }
  problems.push(...arrivalProblems(flow.act, arrived));
  return { problems, seen: answerText(flow.act, answer) };
}

/**
 * Full packets must have crossed, and none in pieces. Longer ones on a tunnel are several that the
 * NVA's kernel has merged on their way in, as it does on any VXLAN device.
 */
function sizeProblems(act: Act, data: readonly Packet[]): string[] {
  if (!("size" in act)) return [];
  if (act.kind === "download" || act.kind === "upload") {
    if (act.size < LARGE) return [];
    return [
      ...unless(
        data.some(({ length }) => length === FULL),
        `no packet of ${FULL} bytes, the largest has ${largest(data)}`,
      ),
      ...unless(
        data.every(({ dontFragment }) => dontFragment),
        "packets without DF",
      ),
    ];
  }
  const fragments = data.filter(({ fragment }) => fragment).length;
  return unless(act.size < FRAGMENTED || fragments > 1, `${fragments} fragments`);
}

/** The VM's own network merges nothing: a longer packet there never was on a wire. */
function arrivalProblems(act: Act, arrived: readonly Packet[]): string[] {
  if (act.kind !== "upload" || act.size < LARGE) return [];
  return unless(largest(arrived) === FULL, `the largest at the VM has ${largest(arrived)} bytes`);
}

function largest(packets: readonly Packet[]): number {
  return packets.reduce((most, { length }) => Math.max(most, length), 0);
}

function unanswered({ error, answered, sent }: Answer): string[] {
  return [
    ...unless(error === undefined, error ?? ""),
    ...unless((sent ?? 0) > 0, "nothing was sent"),
    ...unless((answered ?? 0) === 0, `${answered} handshakes were answered`),
  ];
}

/** Problems in the client's own view. */
function answerProblems({ act, consumer }: Flow, answer: Answer): string[] {
  if (answer.error !== undefined) return [answer.error];
  switch (act.kind) {
    case "knock":
      return unless((answer.answered ?? 0) > 0, "no handshake was answered");
    case "banner":
      return unless(answer.text?.startsWith("SSH-2.0-") ?? false, `said "${answer.text}"`);
    case "page":
      return unless(answer.status === 200, `HTTP ${answer.status}`);
    case "download":
      return [
        ...unless(answer.status === 200, `HTTP ${answer.status}`),
        ...unless(answer.bytes === act.size, `${answer.bytes} bytes instead of ${act.size}`),
        ...unless(answer.sha256 === answer.headers?.["x-sha256"], "sha256 differs"),
      ];
    case "upload":
      return [
        ...unless(answer.status === 200, `HTTP ${answer.status}`),
        ...unless(
          answer.text === answer.sentSha256,
          `sha256 there is ${answer.text}, here ${answer.sentSha256}`,
        ),
      ];
    case "datagram":
    case "ping":
      return [
        ...unless(answer.bytes === act.size, `${answer.bytes} bytes instead of ${act.size}`),
        ...unless(answer.intact === true, "other bytes came back"),
      ];
    case "outbound":
      return unless(answer.peer === consumer.address, `the server saw ${answer.peer}`);
  }
}

function answerText(act: Act, answer: Answer): string {
  if (answer.error !== undefined) return answer.error;
  switch (act.kind) {
    case "banner":
      return answer.text ?? "";
    case "page":
      return `HTTP ${answer.status}`;
    case "download":
    case "upload":
      return "sha256 equal, 1,500-byte packets, DF";
    case "datagram":
    case "ping":
      return act.size < FRAGMENTED ? "same bytes back" : "same bytes back, in fragments";
    case "outbound":
      return `server saw ${answer.peer}`;
    case "knock":
      return `${describeAct(act)}: ${answer.answered} of ${answer.sent} answered`;
  }
}

function syns(packets: readonly Packet[]): number {
  return packets.filter(({ tcp }) => tcp !== undefined && (tcp.flags & SYN) !== 0).length;
}

function unless(holds: boolean, problem: string): string[] {
  return holds ? [] : [problem];
}
