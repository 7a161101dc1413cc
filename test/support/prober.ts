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
  totals?: { forbidden: Total; allowed: Total };
}

/** Knocks at port 22 of an address: from 8.8.8.8, which the policy forbids, and from another host. */
export class Prober {
  #passes = new Map<string, boolean>();
  #totals: Line["totals"];
  readonly #lookers = new Set<() => void>();
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

  #read({ flow, passes, totals }: Line): void {
    if (totals !== undefined) this.#totals = totals;
    if (flow !== undefined && passes !== undefined) this.#passes.set(flow, passes);
    if (flow === "forbidden" && passes === true) this.leaked = true;
    for (const look of this.#lookers) look();
  }

  /** Waits until the allowed flow passes, or ceases to. */
  allowed(passes: boolean, seconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#lookers.delete(look);
      };
      const look = () => {
        if (this.#passes.get("allowed") !== passes) return;
        end();
        resolve();
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`${administrator} still ${passes ? "cannot" : "can"} get through`));
      }, seconds * 1000);
      this.#lookers.add(look);
      look();
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
