/** A lab with this repository's `dev` stack in a folder of its own, for tests that break things. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { labPaths } from "../../lab/paths";
import { inPlace } from "../../lab/places";
import { clientAct } from "../../lab/proof/client";
import { type Consumer, consumersOf } from "../../lab/proof/flows";
import { type Argv, type RunOptions, run } from "../../lab/run";
import type { LabStatus } from "../../lab/supervisor/status";
import { DEFAULTS } from "../../nva-cloud-init/contract/contract";
import { Prober } from "./prober";

const root = path.resolve(__dirname, "../..");

/** Seconds between two probes in the `dev` stack, and what a judgement may take on top. */
export const PROBE_INTERVAL = 5;
export const JUDGEMENT = PROBE_INTERVAL + 2;

/** Seconds for a machine or a service to be whole again, probe included. */
const RECOVERY = 40;

/** The command line of the lab in a folder, as a person would type it. */
export const labArgv = (dir: string, ...args: string[]): Argv => [
  process.execPath,
  ...["-r", "tsx/cjs", path.join(root, "lab/cli/main.ts"), "--lab", dir, ...args],
];

export class Drill {
  private constructor(
    readonly dir: string,
    private readonly env: Record<string, string>,
  ) {}

  /** Brings the stack up, with more variables; give the result to `after` with {@link down}. */
  static async up(env: Record<string, string> = {}): Promise<Drill> {
    const drill = new Drill(await mkdtemp(path.join(os.tmpdir(), "gwlb-drill-")), env);
    try {
      await drill.lab("up");
    } catch (cause) {
      await drill.down();
      throw cause;
    }
    return drill;
  }

  /** Runs a verb to its end. */
  lab(...args: string[]) {
    return this.labWith({}, ...args);
  }

  labWith(options: RunOptions, ...args: string[]) {
    const env = { ...process.env, INIT_CWD: undefined, ...this.env };
    return run(labArgv(this.dir, ...args), { cwd: root, timeoutSeconds: 300, env, ...options });
  }

  async down(): Promise<void> {
    await this.lab("down");
    await rm(this.dir, { recursive: true, force: true });
  }

  async status(): Promise<LabStatus> {
    return JSON.parse(await readFile(labPaths(this.dir).status, "utf8")) as LabStatus;
  }

  /** The chained ILPIP, or the chained frontend. */
  async consumer(kind: Consumer["kind"]): Promise<Consumer> {
    const found = consumersOf(await this.status()).find((one) => one.kind === kind);
    assert.ok(found, `no chained ${kind} in the stack`);
    return found;
  }

  /** The one NVA, as probed. */
  async nva() {
    const [nva] = (await this.status()).gateways.flatMap(({ nvas }) => nvas);
    assert.ok(nva, "no NVA in the stack");
    return nva;
  }

  /** Runs a command in the NVA, at its fault if it fails. */
  async inNva(...argv: string[]) {
    const [nva] = (await this.consumer("ilpip")).nvas;
    assert.ok(nva);
    return run(inPlace(await this.status(), nva, argv));
  }

  /** Waits until a look at the lab is satisfied; looks four times a second. */
  async until(what: string, satisfied: () => Promise<boolean>, seconds: number): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!(await satisfied())) {
      if (Date.now() > deadline) {
        const { reason } = await this.nva().catch(() => ({ reason: "no NVA" }));
        throw new Error(`not within ${seconds} s: ${what}; the probe says: ${reason}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** Waits until the NVA's own health answer has a status code; asks as the probe does. */
  async untilHealth(code: 200 | 503, seconds: number): Promise<void> {
    const { address } = await this.nva();
    const page = [
      "fetch",
      "--to",
      address,
      "--port",
      String(DEFAULTS.probePort),
      "--path",
      DEFAULTS.probePath,
    ];
    const [place] = (await this.consumer("ilpip")).nvas;
    assert.ok(place);
    const answers = async () => {
      const { status } = await clientAct(await this.status(), place, [...page, "--seconds", "2"]);
      return status === code;
    };
    await this.until(`health answers ${code}`, answers, seconds);
  }

  async healthy(seconds = RECOVERY): Promise<void> {
    await this.until("the NVA is healthy", async () => (await this.nva()).healthy, seconds);
  }

  async unhealthy(seconds = JUDGEMENT): Promise<void> {
    await this.until("the NVA is unhealthy", async () => !(await this.nva()).healthy, seconds);
  }

  /** Keeps knocking while `work` runs, and holds that nothing forbidden ever got through. */
  async guarded(work: (prober: Prober) => Promise<void>): Promise<void> {
    const { address } = await this.consumer("ilpip");
    const prober = Prober.start(await this.status(), address);
    try {
      await prober.allowed(true, RECOVERY);
      await work(prober);
      await prober.allowed(true, RECOVERY);
    } finally {
      const { forbidden } = await prober.stop();
      assert.ok(!prober.leaked && forbidden.answered === 0, `${forbidden.answered} got through`);
      assert.ok(forbidden.sent > 0, "the prober sent nothing");
    }
  }
}
