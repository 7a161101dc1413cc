/** Watches a device of a place while flows run. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { inNetwork, type PlaceMap } from "../places";
import { start } from "../run";
import { type Packet, PcapReader, SNAP_LENGTH } from "./pcap";

/** Seconds after which tcpdump ends by itself, should nobody end it. */
const LIFETIME = 600;
/** Kilobytes that the kernel keeps for tcpdump; a 10 MB transfer fits several times. */
const BUFFER = 16_384;

/** A running capture. Packets show up within milliseconds of their passing. */
export class Capture {
  #packets: Packet[] = [];
  readonly #reader = new PcapReader();
  readonly #seen = new Set<() => void>();

  private constructor(
    readonly where: string,
    private readonly child: ChildProcess,
  ) {
    child.stdout?.on("data", (piece: Buffer) => {
      for (const packet of this.#reader.push(piece)) this.#packets.push(packet);
      for (const look of this.#seen) look();
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
  ): Promise<Capture> {
    const tcpdump = [
      ...["timeout", String(LIFETIME), "tcpdump", "-i", device, "-n", "-p", "-U", "-w", "-"],
      ...["-s", String(SNAP_LENGTH), "-B", String(BUFFER), "--immediate-mode"],
      ...["--time-stamp-precision=nano", ...(filter === "" ? [] : [filter])],
    ];
    // A process group of its own: nsenter passes no signal on to what it started.
    const child = start(inNetwork(status, place, tcpdump), {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const capture = new Capture(`${device} of ${place}`, child);
    await listening(child, capture.where);
    return capture;
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

  /** Waits until a look at the packets is satisfied; false if it is not in time. */
  until(satisfied: (packets: readonly Packet[]) => boolean, seconds: number): Promise<boolean> {
    if (satisfied(this.#packets)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (result: boolean) => {
        clearTimeout(timer);
        this.#seen.delete(look);
        resolve(result);
      };
      const look = () => {
        if (satisfied(this.#packets)) end(true);
      };
      const timer = setTimeout(() => end(false), seconds * 1000);
      this.#seen.add(look);
    });
  }

  /** Ends tcpdump and waits for its end. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.pid === undefined) return;
    const ended = once(this.child, "close");
    process.kill(-this.child.pid, "SIGINT");
    await ended;
  }
}

function listening(child: ChildProcess, where: string): Promise<void> {
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
