/**
 * A fabric over a fixture, its machines bare network namespaces in which a test plays the guests.
 * Works only inside the test runner's box, which removes what is left.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Arm } from "../../lab/arm/arm";
import type { Bootable } from "../../lab/compute/machines";
import type { MachineEnd } from "../../lab/machine/machine";
import { type Argv, run, start } from "../../lab/run";
import { Fabric } from "../../lab/supervisor/fabric";
import type { LabStatus } from "../../lab/supervisor/status";
import { DEFAULTS, DEVICE, type TunnelSettings } from "../../nva-cloud-init/contract/contract";
import type { AzureFixture } from "./azureFixtures";

const client = path.resolve(__dirname, "../../lab/proof/client.py");
const server = path.join(__dirname, "server.py");

/** The answer of a client act; see the program. */
export interface Seen {
  error?: string;
  sent?: number;
  answered?: number;
  status?: number;
  bytes?: number;
  intact?: boolean;
  text?: string;
  peer?: string;
}

/** Longest wait for anything that a test waits for, in milliseconds. */
const PATIENCE = 20_000;

/** A machine that is its namespace and nothing else. */
class BareMachine implements Bootable {
  leader: number | undefined;
  ended: Promise<MachineEnd> = Promise.resolve("poweroff" as const);
  end: (how: MachineEnd) => void = () => undefined;

  async boot(_netns: string, onBooted: () => void): Promise<void> {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    setImmediate(onBooted);
  }

  async stop(): Promise<void> {
    this.end("poweroff");
  }

  async kill(): Promise<void> {
    this.end("crash");
  }

  async detach(): Promise<void> {
    this.end("poweroff");
  }

  async destroy(): Promise<void> {
    this.end("poweroff");
  }

  freeze(): void {}

  async fillDisk(): Promise<void> {}

  takeMemory(): void {}
}

export interface BoxOptions {
  /** Seconds until a change of userData shows; default 0. */
  userDataDelay?: number;
  /** Factor of Azure's notice times; default 1. */
  timeFactor?: number;
}

export class FabricBox {
  readonly machines = new Map<string, BareMachine>();
  readonly #fabric: Fabric;
  readonly #dir: string;
  readonly #processes: ReturnType<typeof start>[] = [];
  /** The API over the fixture. */
  readonly arm: Arm;

  private constructor(
    readonly fixture: AzureFixture,
    { userDataDelay = 0, timeFactor = 1 }: BoxOptions,
  ) {
    this.arm = new Arm(fixture, { fabricRuns: () => true });
    this.#dir = mkdtempSync(path.join(os.tmpdir(), "gwlb-fabric-"));
    const dir = this.#dir;
    this.#fabric = new Fabric({
      store: fixture,
      arm: new Arm(fixture),
      scaleSetArm: this.arm,
      host: { labDir: dir, image: "/", machines: dir, consoles: dir },
      maker: {
        attach: async (_host, spec) => {
          const machine = new BareMachine();
          this.machines.set(spec.name, machine);
          return machine;
        },
      },
      statusFile: path.join(dir, "status.json"),
      boxPid: process.pid,
      userDataDelay,
      timeFactor,
    });
  }

  /** Brings the fixture's network up; its machines have no guest yet. */
  static async open(fixture: AzureFixture, options: BoxOptions = {}): Promise<FabricBox> {
    const box = new FabricBox(fixture, options);
    box.#fabric.start();
    await box.until("all machines are on", (status) =>
      status.places.every((place) => place.power === "running"),
    );
    return box;
  }

  get fabric(): Fabric {
    return this.#fabric;
  }

  get status(): LabStatus {
    const { status } = this.#fabric;
    if (status === undefined) throw new Error("no status yet");
    return status;
  }

  /** Changes the store and waits until packets see it. */
  async change(edit: (fixture: AzureFixture) => void): Promise<void> {
    edit(this.fixture);
    const { seq } = this.fixture.snapshot();
    this.poke();
    await this.until("the change applies", (status) => status.appliedSeq === seq);
  }

  /** Tells the fabric that the store has changed. */
  poke(): void {
    this.fixture.tell();
  }

  async until(what: string, satisfied: (status: LabStatus) => boolean): Promise<void> {
    for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; ) {
      const { status } = this.#fabric;
      if (status !== undefined && satisfied(status)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`not in time: ${what}\n${JSON.stringify(this.#fabric.status, undefined, 1)}`);
  }

  async untilHealthy(nva: string, healthy: boolean): Promise<void> {
    await this.until(`${nva} is ${healthy ? "" : "un"}healthy`, (status) =>
      status.gateways.some((g) => g.nvas.some((n) => n.vm === nva && n.healthy === healthy)),
    );
  }

  netns(place: string): string {
    const found = this.status.places.find(({ name }) => name === place);
    if (found === undefined) throw new Error(`no place ${place}`);
    return found.netns;
  }

  /** Runs a command in a place. */
  exec(place: string, argv: Argv, input?: string) {
    return run(["ip", "netns", "exec", this.netns(place), ...argv], { input });
  }

  /** One act of the client program. */
  async act(place: string, act: string, options: Record<string, string | number>): Promise<Seen> {
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const { stdout } = await this.exec(place, ["python3", client, act, ...flags]);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Seen;
  }

  /** The server that answers an HTTP request, and whom it sees; undefined if nobody does. */
  async ask(place: string, to: string, port: number, source = "0.0.0.0", seconds = 2) {
    const seen = await this.act(place, "fetch", { to, port, source, seconds });
    if (seen.status !== 200) return undefined;
    return JSON.parse(seen.text ?? "") as { server: string; peer: string };
  }

  /** Starts the services of a host; returns what ends them. */
  async serve(place: string): Promise<() => Promise<void>> {
    const child = start(["ip", "netns", "exec", this.netns(place), "python3", server, place], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#processes.push(child);
    if (child.stdout !== null) await once(child.stdout, "data");
    return async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null) await once(child, "close");
    };
  }

  /** Makes a place the reference NVA: a bridge of two tunnels, and its rule. */
  async beNva(place: string, options: { learning?: boolean; mtu?: number } = {}): Promise<void> {
    const { learning = false, mtu = DEFAULTS.mtu } = options;
    const tunnel = (dev: string, { vni, port }: TunnelSettings) => [
      `link add ${dev} type vxlan id ${vni} dstport ${port} remote 10.7.0.4 dev eth0 nolearning`,
      `link set ${dev} master ${DEVICE.bridge}`,
      `link set ${dev} type bridge_slave learning ${learning ? "on" : "off"} flood on`,
      `link set ${dev} up`,
    ];
    const lines = [
      `link set eth0 mtu ${mtu}`,
      // A bridge that snoops tells the network by IGMP, which the gateway would count.
      `link add ${DEVICE.bridge} type bridge mcast_snooping 0`,
      ...tunnel(DEVICE.internal, DEFAULTS.internal),
      ...tunnel(DEVICE.external, DEFAULTS.external),
      `link set ${DEVICE.bridge} up`,
    ];
    const sysctls = ["bridge.bridge-nf-call-iptables=1", "ipv6.conf.all.disable_ipv6=1"];
    await this.exec(place, ["sysctl", "-qw", ...sysctls.map((text) => `net.${text}`)]);
    await run(["ip", "-n", this.netns(place), "-batch", "-"], { input: `${lines.join("\n")}\n` });
    await this.exec(place, [
      ...["iptables", "-A", "FORWARD", "-s", "8.8.8.8", "-m", "physdev", "--physdev-in"],
      ...[DEVICE.external, "--physdev-is-bridged", "-p", "tcp", "--dport", "22", "-j", "DROP"],
    ]);
  }

  /** Named counters of the namespace that begins so, in packets. */
  async counters(netns: string): Promise<Record<string, number>> {
    const { stdout: names } = await run(["ip", "netns", "list"]);
    const name = names.split("\n").find((line) => line.startsWith(netns));
    const argv = ["ip", "netns", "exec", String(name?.split(" ")[0]), "nft", "-j"];
    const { stdout } = await run([...argv, "list", "counters"]);
    const { nftables } = JSON.parse(stdout) as {
      nftables: { counter?: { name: string; packets: number } }[];
    };
    return Object.fromEntries(
      nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])),
    );
  }

  /** Waits until a counter has come to a value: something is under way. */
  async untilRisen(netns: string, counter: string, value: number): Promise<void> {
    for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; ) {
      if (((await this.counters(netns))[counter] ?? 0) >= value) return;
    }
    throw new Error(`${counter} did not rise to ${value}`);
  }

  /** How much counters of a namespace rise while something is done. */
  async rise(netns: string, work: () => Promise<unknown>): Promise<Record<string, number>> {
    const before = await this.counters(netns);
    await work();
    const after = await this.counters(netns);
    return Object.fromEntries(
      Object.entries(after)
        .map(([name, value]): [string, number] => [name, value - (before[name] ?? 0)])
        .filter(([, value]) => value !== 0),
    );
  }

  async close(): Promise<void> {
    for (const child of this.#processes) child.kill("SIGKILL");
    await this.#fabric.close();
    await run(["ip", "-all", "netns", "delete"]);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
