/**
 * A machine with the NVA's bridge and policy, without the tunnels: their devices are veth
 * devices whose other ends, `ex` and `in`, are in the namespace of a peer that plays the
 * gateway. The policy's programs cannot tell the difference.
 */
import type { ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { type Argv, run, start } from "../../lab/run";
import { DEVICE, FILES, GROUP, type NvaSettings } from "../../nva-cloud-init/contract/contract";
import { guestPython } from "./guestPython";
import { settings } from "./outside";
import type { Reading } from "./readPacket";

export const GUEST = path.resolve(__dirname, "..", "..", "nva-cloud-init", "guest");

/** Settings of an NVA in a folder that the guest's programs take for the root. */
export function writeSettings(root: string, some: Partial<NvaSettings> = {}): void {
  const file = path.join(root, FILES.settings);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ ...settings, ...some }));
}

export interface PolicyMachine {
  /** Names of the network namespaces. */
  nva: string;
  peer: string;
  /** Runs a command on the NVA. */
  inNva: (argv: Argv, input?: string) => Promise<string>;
}

const baseRules = [
  "*filter",
  ":FORWARD DROP [0:0]",
  ":GWLB - [0:0]",
  "-A FORWARD -m physdev --physdev-is-bridged -j GWLB",
  "COMMIT",
  "",
].join("\n");

/** Input for nft: what the guest does with inner packets before conntrack sees them. */
export async function innerRules(): Promise<string> {
  const chains = await guestPython(
    "import json; from gwlb.base import inner; print(json.dumps(inner.CHAINS))",
  );
  return `table inet azure_gwlb {\n${chains}}\n`;
}

/** Builds the two namespaces; the box of the test removes them. */
export async function policyMachine(name: string): Promise<PolicyMachine> {
  const nva = `nva-${name}`;
  const peer = `peer-${name}`;
  const inNva = async (argv: Argv, input?: string) =>
    (await run(["ip", "netns", "exec", nva, ...argv], { input })).stdout;
  for (const netns of [nva, peer]) {
    await run(["ip", "netns", "add", netns]);
    // Nobody in here sends a packet of its own.
    for (const scope of ["all", "default"]) {
      const setting = `net.ipv6.conf.${scope}.disable_ipv6=1`;
      await run(["ip", "netns", "exec", netns, "sysctl", "-qw", setting]);
    }
  }
  await inNva([
    ...["ip", "link", "add", DEVICE.bridge],
    ...["group", String(GROUP.bridge), "type", "bridge"],
  ]);
  for (const [side, device] of [
    ["ex", DEVICE.external],
    ["in", DEVICE.internal],
  ] as const) {
    const peerEnd = ["peer", "name", side, "netns", peer];
    await inNva(["ip", "link", "add", device, "type", "veth", ...peerEnd]);
    await inNva(["ip", "link", "set", device, "up", "master", DEVICE.bridge]);
    await inNva(["bridge", "link", "set", "dev", device, "learning", "off"]);
    await run(["ip", "-n", peer, "link", "set", side, "up"]);
  }
  const settings = [
    "net.bridge.bridge-nf-call-iptables=1",
    "net.bridge.bridge-nf-call-ip6tables=1",
  ];
  await inNva(["sysctl", "-qw", ...settings, "net.netfilter.nf_conntrack_tcp_be_liberal=1"]);
  for (const tool of ["iptables", "ip6tables"]) await inNva([`${tool}-restore`], baseRules);
  await inNva(["nft", "-f", "-"], await innerRules());
  for (const device of ["lo", DEVICE.bridge]) await inNva(["ip", "link", "set", device, "up"]);
  return { nva, peer, inNva };
}

export interface FrameResult {
  /** For each frame, whether it left by the other tunnel. */
  passed: boolean[];
  /** Packets by rule since the policy was loaded. */
  counters: Record<string, number>;
}

/** The fate of one frame. */
export interface Sighting {
  /** The packets that were judged, fragments put together. */
  records: {
    /** From the IP header on, as hex digits. */
    packet: string;
    /** The match of iptables: `tcp/22`, `tcp`, `udp/22`, `udp`, `icmp`, `ah`, `other`. */
    judged: string;
    /** True if it passes as a packet of a flow that the policy has let start. */
    taken: boolean;
    /** The entry of conntrack that it made, matched, or is related to. */
    flow: FiledFlow | null;
  }[];
  /** The frames that left by the other tunnel, as hex digits. */
  left: string[];
}

/** An entry of conntrack. */
export type FiledFlow = Pick<Reading, "family" | "protocol" | "source" | "destination" | "icmp">;

/** Loads policies and sends frames by the guest's own programs. */
export class KernelJudge {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** `more`: `watch` for {@link watch}. */
  constructor(machine: PolicyMachine, settleSeconds = 0.01, more: readonly "watch"[] = []) {
    const script = path.join(__dirname, "kernelJudge.py");
    const argv = ["python3", "-B", script, GUEST, machine.peer, String(settleSeconds), ...more];
    this.#child = start(["ip", "netns", "exec", machine.nva, ...argv], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("no output to read");
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /** Puts a bundle in force; gives its hash, or throws with the guest's reason. */
  async load(userData: string): Promise<string> {
    const answer = await this.#ask({ load: userData });
    if (typeof answer.hash !== "string") throw new Error(String(answer.error));
    return answer.hash;
  }

  /** Makes conntrack forget all flows. */
  async forget(): Promise<void> {
    await this.#ask({ forget: true });
  }

  /** Sends frames one after another by the tunnels given. */
  async send(frames: readonly (readonly ["ex" | "in", Buffer])[]): Promise<FrameResult> {
    const text = frames.map(([side, frame]) => [side, frame.toString("hex")]);
    return (await this.#ask({ frames: text })) as unknown as FrameResult;
  }

  /** Sends frames one after another; tells what became of each. */
  async watch(frames: readonly (readonly ["ex" | "in", Buffer])[]): Promise<Sighting[]> {
    const text = frames.map(([side, frame]) => [side, frame.toString("hex")]);
    return ((await this.#ask({ watch: text })) as unknown as { seen: Sighting[] }).seen;
  }

  close(): void {
    this.#child.stdin?.end();
    this.#child.kill();
  }

  async #ask(request: object): Promise<Record<string, unknown>> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the kernel's judge ended");
    return JSON.parse(value) as Record<string, unknown>;
  }
}
