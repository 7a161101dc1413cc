/** The program that probes and serves metadata, for all virtual networks of the box. */
import path from "node:path";
import { createInterface } from "node:readline";
import type { Health } from "../compute/scaleSets/facts";
import { start } from "../run";
import type { PlatformPlan } from "./platformPlan";

export interface PlatformListener {
  verdict: (probe: string, healthy: boolean, reason: string) => void;
  /** The answer that a health extension got, in which run of its machine. */
  health: (vmId: string, epoch: string, state: Health, reason: string) => void;
  approved: (vmId: string, events: string[]) => void;
  /** The program ended by itself: without probes and metadata the network is not Azure's. */
  ended: (reason: string) => void;
}

const PROGRAM = path.join(__dirname, "main.py");

export class Platform {
  readonly #child: ReturnType<typeof start>;
  #last = "";
  #serving: (() => void)[] = [];

  constructor(listener: PlatformListener) {
    this.#child = start(["python3", "-IB", "-c", LAUNCH, PROGRAM], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let ended = false;
    const end = (reason: string) => {
      if (!ended) listener.ended(reason);
      ended = true;
      this.#settle();
    };
    this.#child.once("error", (cause) => end(cause.message));
    this.#child.once("close", (code, signal) => end(`ended with ${signal ?? `code ${code}`}`));
    this.#child.stdin?.on("error", () => undefined);
    if (this.#child.stdout === null) return;
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const message = JSON.parse(line) as Message;
      if ("probe" in message) listener.verdict(message.probe, message.healthy, message.reason);
      else if ("health" in message) {
        listener.health(message.health, message.epoch, message.state, message.reason);
      } else if ("approve" in message) listener.approved(message.approve, message.events);
      else this.#settle();
    });
  }

  /** Tells what is wanted from now on; returns when metadata is being served accordingly. */
  want(plan: PlatformPlan): Promise<void> {
    const text = JSON.stringify(plan);
    if (text === this.#last) return Promise.resolve();
    this.#last = text;
    return new Promise((resolve) => {
      this.#serving.push(resolve);
      this.#child.stdin?.write(`${text}\n`);
    });
  }

  stop(): void {
    this.#child.removeAllListeners();
    this.#child.kill("SIGKILL");
    this.#settle();
  }

  #settle(): void {
    for (const resolve of this.#serving.splice(0)) resolve();
  }
}

type Message =
  | { probe: string; healthy: boolean; reason: string }
  | { health: string; epoch: string; state: Health; reason: string }
  | { approve: string; events: string[] }
  | { serving: string[] };

/** Isolated from the user's environment, but with the program's own folder to import from. */
const LAUNCH =
  "import runpy, sys; f = sys.argv[1]; sys.path.insert(0, f.rpartition('/')[0]); runpy.run_path(f, run_name='__main__')";
