/** Watches a device of a place while flows run. */
import { once } from "node:events";
import { inNetwork, type PlaceMap } from "../places";
import { run, start } from "../run";
import { type Packet, PcapReader, SNAP_LENGTH } from "./pcap";

/** Seconds after which tcpdump ends by itself, should nobody end it. */
const LIFETIME = 600;
/** Kilobytes that the kernel keeps for tcpdump; a 10 MB transfer fits several times. */
const BUFFER = 16_384;

type Child = ReturnType<typeof start>;

/** Fields of `ip -json -details link show`. */
interface TunnelLink {
  linkinfo?: { info_kind?: string; info_data?: { link?: string; port?: number } };
}

/** A running capture. Packets show up within milliseconds of their passing. */
export class Capture {
  #packets: Packet[] = [];
  readonly #lookers = new Set<() => void>();

  private constructor(
    readonly where: string,
    private readonly child: Child,
    reader: PcapReader,
  ) {
    child.stdout?.on("data", (piece: Buffer) => {
      for (const packet of reader.push(piece)) this.#packets.push(packet);
      for (const look of this.#lookers) look();
    });
  }

  /**
   * Starts tcpdump on a device (`any` for all of them) and returns once it listens; `filter` is
   * in tcpdump's own words. Throws what tcpdump says if it ends instead.
   */
  static async start(
    status: PlaceMap,
    place: string,
    device: string,
    filter = "",
    reader = new PcapReader(),
  ): Promise<Capture> {
    const tcpdump = [
      // In the foreground, or timeout makes a process group of its own and stop() misses it.
      ...["timeout", "--foreground", String(LIFETIME), "tcpdump", "-i", device],
      ...["-n", "-p", "-U", "-w", "-", "-s", String(SNAP_LENGTH), "-B", String(BUFFER)],
      ...["--immediate-mode", "--time-stamp-precision=nano"],
      ...(filter === "" ? [] : [filter]),
    ];
    // A process group of its own: nsenter passes no signal on to what it started.
    const child = start(inNetwork(status, place, tcpdump), {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const capture = new Capture(`${device} of ${place}`, child, reader);
    await listening(child, capture.where);
    return capture;
  }

  /**
   * Starts a capture of what a tunnel carries, at the NIC below it: packets of running flows turn
   * round there and never get to the tunnel's device. A port that is no tunnel is watched itself.
   */
  static async ofTunnel(status: PlaceMap, place: string, device: string): Promise<Capture> {
    const show = ["ip", "-json", "-details", "link", "show", device];
    const [link] = JSON.parse((await run(inNetwork(status, place, show))).stdout) as TunnelLink[];
    const { info_kind: kind, info_data: data } = link?.linkinfo ?? {};
    if (kind !== "vxlan" || data?.link === undefined) {
      return Capture.start(status, place, device, "ip");
    }
    const outer = `udp dst port ${data.port}`;
    return Capture.start(status, place, data.link, outer, new PcapReader(true));
  }

  /** Packets seen so far and not taken yet. */
  get packets(): readonly Packet[] {
    return this.#packets;
  }

  /** Hands the packets seen so far over and starts anew. */
  take(): Packet[] {
    const taken = this.#packets;
    this.#packets = [];
    return taken;
  }

  /** Calls back whenever packets have come; returns what ends that. */
  onPackets(look: () => void): () => void {
    this.#lookers.add(look);
    return () => this.#lookers.delete(look);
  }

  /** Ends tcpdump and waits for its end; a place that is gone took it along. */
  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const ended = once(this.child, "close");
    process.kill(-pid, "SIGINT");
    const impatient = setTimeout(() => process.kill(-pid, "SIGKILL"), 3000);
    await ended;
    clearTimeout(impatient);
  }
}

/** Waits until a look at what was captured is satisfied; false if it is not in time. */
export function until(
  captures: readonly Capture[],
  satisfied: () => boolean,
  seconds: number,
): Promise<boolean> {
  if (satisfied()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (result: boolean) => {
      clearTimeout(timer);
      for (const forget of watching) forget();
      resolve(result);
    };
    const timer = setTimeout(() => end(false), seconds * 1000);
    const look = () => {
      if (satisfied()) end(true);
    };
    const watching = captures.map((capture) => capture.onPackets(look));
  });
}

function listening(child: Child, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (piece: Buffer) => {
      said += piece.toString();
      if (said.includes("listening on")) resolve();
    });
    child.on("error", reject);
    child.on("close", () => reject(new Error(`cannot capture on ${where}: ${said.trim()}`)));
  });
}
