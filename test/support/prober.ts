/** Clients that knock at a consumer all through a drill. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { inNetwork, type PlaceMap } from "../../lab/places";
import { administrator, banned } from "../../lab/proof/flows";
import { start } from "../../lab/run";

export interface Total {
  sent: number;
  answered: number;
}

interface Line {
  flow?: "forbidden" | "allowed";
  passes?: boolean;
  /** Milliseconds since 1970. */
  begun?: number;
  totals?: { forbidden: Total; allowed: Total };
}

/** Knocks at port 22 of an address: from 8.8.8.8, which the policy forbids, and from another host. */
export class Prober {
  #totals: Line["totals"];
  readonly #lookers = new Set<(line: Line) => void>();
  /** True as soon as one forbidden handshake was answered. */
  leaked = false;

  private constructor(private readonly child: ChildProcess) {
    if (child.stdout === null) throw new Error("the prober has no output");
    createInterface(child.stdout).on("line", (text) => this.#read(JSON.parse(text) as Line));
  }

  static start(status: PlaceMap, address: string): Prober {
    const program = path.join(__dirname, "prober.py");
    const flows = [`forbidden=${banned}:22`, `allowed=${administrator}:22`];
    const argv = inNetwork(status, "internet", ["python3", program, address, ...flows]);
    return new Prober(start(argv, { stdio: ["pipe", "pipe", "inherit"] }));
  }

  #read(line: Line): void {
    if (line.totals !== undefined) this.#totals = line.totals;
    if (line.flow === "forbidden" && line.passes === true) this.leaked = true;
    for (const look of this.#lookers) look(line);
  }

  /** Waits until an allowed handshake that begins from now on is answered, or stays without answer. */
  allowed(passes: boolean, seconds: number): Promise<void> {
    return this.#until(seconds, "allowed", passes);
  }

  /** Waits for a forbidden handshake to be answered. */
  leak(seconds: number): Promise<void> {
    return this.#until(seconds, "forbidden", true);
  }

  #until(seconds: number, flow: Line["flow"], passes: boolean): Promise<void> {
    const since = Date.now();
    return new Promise((resolve, reject) => {
      const end = (failure?: Error) => {
        clearTimeout(timer);
        this.#lookers.delete(look);
        if (failure) reject(failure);
        else resolve();
      };
      const look = (line: Line) => {
        if (line.flow === flow && line.passes === passes && (line.begun ?? 0) > since) end();
      };
      const timer = setTimeout(
        () => end(new Error(`the ${flow} flow still ${passes ? "does not pass" : "passes"}`)),
        seconds * 1000,
      );
      this.#lookers.add(look);
    });
  }

  /** Ends it and returns what was sent and answered; zeros if it was killed along with its place. */
  async stop(): Promise<{ forbidden: Total; allowed: Total }> {
    const ended = once(this.child, "close");
    this.child.stdin?.end();
    if (this.child.exitCode === null && this.child.signalCode === null) await ended;
    const none = { sent: 0, answered: 0 };
    return this.#totals ?? { forbidden: none, allowed: none };
  }
}
