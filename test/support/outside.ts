/**
 * A world for an NVA outside the lab: a wire from its NIC to the gateway's address, the probe's
 * and the metadata service's. Nothing else is there. Works only inside the test runner's box.
 */
import path from "node:path";
import { run } from "../../lab/run";
import type { Undo } from "../../lab/undo";
import { DEFAULTS, type NvaSettings, PLATFORM } from "../../nva-cloud-init/contract/contract";
import { Talker } from "./talker";

/** The reference layout: the NVA's NIC, the gateway, and the tunnels between them. */
export const layout = {
  gateway: "10.7.0.4",
  gatewayMac: "00:0d:3a:00:00:01",
  nva: "10.7.1.5",
  nvaMac: "00:0d:3a:00:00:05",
  internal: DEFAULTS.internal,
  external: DEFAULTS.external,
} as const;

export const settings: NvaSettings = {
  ...DEFAULTS,
  gatewayAddress: layout.gateway,
  policyPollSeconds: 1,
  drainSeconds: 8,
};

export type Side = "in" | "ex";

/** A frame that the NVA sent. */
export interface Seen {
  side: Side;
  vni: number;
  frame: Buffer;
  /** Seconds since 1970. */
  at: number;
}

export interface ProbeAnswer {
  /** HTTP status; 0 when there was no answer. */
  code: number;
  body: string;
  seconds: number;
}

/** An answer of a hostile metadata service. */
export interface RawAnswer {
  head: string;
  /** Said again and again behind it, for as long as the answer stands; default: it hangs up. */
  again?: string;
  /** Seconds between two of them; default 0. */
  pause?: number;
}

export interface OutsideOptions {
  /** Namespace of everything outside the NVA; default `outside`. */
  netns?: string;
  /** False leaves the gateway's ports to who makes tunnels of the kernel's own; default true. */
  gateway?: boolean;
}

const METADATA = "169.254.169.254";
const ROUTER = "10.7.1.1";
const hosts = [layout.gateway, METADATA, PLATFORM];
const addresses = [`${ROUTER}/24`, ...hosts.map((host) => `${host}/32`)];

export class Outside {
  readonly #ask: (request: object) => Promise<unknown>;

  private constructor(
    readonly netns: string,
    ask: (request: object) => Promise<unknown>,
  ) {
    this.#ask = ask;
  }

  static async make(undo: Undo, options: OutsideOptions = {}): Promise<Outside> {
    const { netns: peer = "outside", gateway = true } = options;
    await run(["ip", "netns", "add", peer]);
    await run(["ip", "-n", peer, "link", "set", "lo", "up"]);
    for (const address of addresses) {
      await run(["ip", "-n", peer, "addr", "add", address, "dev", "lo"]);
    }
    const script = path.join(__dirname, "outside.py");
    const told = {
      ...layout,
      metadata: METADATA,
      platform: PLATFORM,
      probe: { port: settings.probePort, path: settings.probePath },
    };
    const played = gateway ? "gateway" : "no-gateway";
    const argv = ["python3", "-B", "-u", script, JSON.stringify(told), played];
    const talker = await Talker.start("the world outside", ["ip", "netns", "exec", peer, ...argv]);
    undo.add("world outside", async () => talker.stop());
    return new Outside(peer, (request) => talker.ask(request));
  }

  /** A fresh namespace for a machine, as Azure gives it: its NIC with MTU 1500, and an address. */
  async plug(netns: string): Promise<void> {
    await this.plugWithoutAddress(netns, "eth0");
    await this.giveAddress(netns, "eth0");
  }

  /** A fresh namespace whose NIC is down, as before DHCP has spoken. */
  async plugWithoutAddress(netns: string, device: string): Promise<void> {
    await run(["ip", "netns", "add", netns]);
    await run(["ip", "-n", netns, "link", "set", "lo", "up"]);
    const nic = [device, "mtu", "1500", "address", layout.nvaMac, "netns", netns];
    const end = ["peer", "name", "wire", "mtu", "4000", "netns", this.netns];
    await run(["ip", "link", "add", ...nic, "type", "veth", ...end]);
    await run(["ip", "-n", this.netns, "link", "set", "wire", "up"]);
    await this.#routeToNva("wire");
  }

  async #routeToNva(device: string): Promise<void> {
    const route = [`${layout.nva}/32`, "dev", device, "src", layout.gateway];
    await run(["ip", "-n", this.netns, "route", "add", ...route]);
  }

  /** Does what DHCP does when it has spoken. */
  async giveAddress(netns: string, device: string): Promise<void> {
    await run(["ip", "-n", netns, "link", "set", device, "up"]);
    await run(["ip", "-n", netns, "addr", "add", `${layout.nva}/24`, "dev", device]);
    await run(["ip", "-n", netns, "route", "add", "default", "via", ROUTER]);
  }

  /** A tap device as the wire, for a virtual machine that is started by the command `enter`. */
  async tap(): Promise<{ enter: readonly string[]; device: string }> {
    const device = "wire";
    const { stdout } = await run(["ip", "-n", this.netns, "-br", "link"]);
    if (!stdout.includes(`${device} `)) {
      const enter = ["ip", "netns", "exec", this.netns];
      await run([...enter, "ip", "tuntap", "add", device, "mode", "tap"]);
      await run(["ip", "-n", this.netns, "link", "set", device, "mtu", "4000", "up"]);
      await this.#routeToNva(device);
    }
    return { enter: ["ip", "netns", "exec", this.netns], device };
  }

  /** Takes a machine's namespace away, and all that the machine left in it. */
  async unplug(netns: string): Promise<void> {
    await run(["ip", "-n", this.netns, "link", "delete", "wire"]);
    await run(["ip", "netns", "delete", netns]);
  }

  /** Changes the userData that the metadata service gives from now on. */
  async userData(text: string): Promise<void> {
    await this.#ask({ do: "userData", text });
  }

  /** Changes the scheduled events of the metadata service from now on. */
  async events(events: object[]): Promise<void> {
    await this.#ask({ do: "events", events });
  }

  /** Bytes that the metadata service answers everything with; undefined: it is itself again. */
  async metadata(raw?: RawAnswer): Promise<void> {
    await this.#ask({ do: "metadata", raw: raw ?? null });
  }

  /** The events that the NVA has approved so far. */
  async approved(): Promise<string[]> {
    return (await this.#ask({ do: "approved" })) as string[];
  }

  /** Sends inner frames to the NVA, each by its tunnel. */
  async send(frames: readonly (readonly [Side, Buffer, vni?: number])[]): Promise<void> {
    const hex = frames.map(([side, frame, ...vni]) => [side, frame.toString("hex"), ...vni]);
    await this.#ask({ do: "send", frames: hex });
  }

  /**
   * Sends frames from the internet, each with a port of its own and one a millisecond, until the work
   * is done; gives how many. Frames that the NVA sent before are forgotten.
   */
  async sendWhile(frame: (port: number) => Buffer, work: () => Promise<unknown>): Promise<number> {
    await this.take(100_000, 0);
    const fire = { on: true };
    let sent = 0;
    const firing = (async () => {
      while (fire.on) {
        await this.send([["ex", frame(1024 + (sent % 60_000))]]);
        sent += 1;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    try {
      await work();
    } finally {
      fire.on = false;
      await firing;
    }
    return sent;
  }

  /** Frames that the NVA sent since the last call: `count` of them, or what came in `seconds`. */
  async take(count: number, seconds: number): Promise<Seen[]> {
    const seen = await this.#ask({ do: "take", count, seconds });
    return (seen as [Side, number, string, number][]).map(([side, vni, hex, at]) => ({
      side,
      vni,
      frame: Buffer.from(hex, "hex"),
      at,
    }));
  }

  /** Asks as the load balancer's probe does, or from another address. */
  async probe(where = settings.probePath, seconds = 5, source?: string): Promise<ProbeAnswer> {
    return (await this.#ask({ do: "probe", path: where, seconds, source })) as ProbeAnswer;
  }

  /** Keeps so many of the platform's calls going, each at a byte a second; 0 ends them. */
  async slowCallers(count: number): Promise<void> {
    await this.#ask({ do: "slow", count });
  }

  /** Probes until the status is the one wanted; throws with the last answer after a time. */
  async probeUntil(code: number, seconds: number, pauseMs = 50): Promise<ProbeAnswer> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const answer = await this.probe();
      if (answer.code === code) return answer;
      if (Date.now() > end) {
        throw new Error(`no ${code} in ${seconds} s, but ${answer.code}: ${answer.body}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
