/**
 * A lab with this repository's program and a fleet in place of its one NVA: scale set, real
 * machines, both consumers, and a load that goes through all of it.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { parse, stringify } from "yaml";
import { labPaths } from "../../lab/paths";
import { inNetwork, inPlace } from "../../lab/places";
import { consumersOf, visitor } from "../../lab/proof/flows";
import { POLICY_PROGRAM } from "../../lab/proof/proof";
import { type Argv, type RunOptions, type RunResult, run } from "../../lab/run";
import type { LabStatus, NvaStatus } from "../../lab/supervisor/status";
import { Undo } from "../../lab/undo";
import { FILES } from "../../nva-cloud-init/contract/contract";
import { ProjectLab } from "./lab";
import { ensureLoad, Load, type LoadOptions } from "./load";
import { serveLoad } from "./loadServer";

/** Of a project's settings, what fleets are about. */
interface FleetSettings {
  config: {
    "azure-gwlb:gateway": Record<string, unknown>;
    "azure-gwlb:policy": { rules: object[] };
    [key: string]: unknown;
  };
}

/** The drills in full, by `npm run drills`; else in the form that fits beside all other tests. */
export const inFull = process.env.GWLB_DRILLS === "full";
/** New connections a second, and held ones: what the lab's two cores carry while others test. */
export const RATE = inFull ? { newPerSecond: 300, held: 200 } : { newPerSecond: 60, held: 60 };

/** Azure's minutes of notice and grace are so many times shorter in a drill. */
const TIME_FACTOR = inFull ? 0.1 : 0.06;
/** Seconds of notice that an NVA gets here, five minutes on Azure. */
export const NOTICE_SECONDS = 300 * TIME_FACTOR;
/** Seconds from a machine's first question for events until it is shown one, five minutes on Azure. */
const EVENTS_SECONDS = 300 * TIME_FACTOR;
/** Seconds between two probes of the load balancer, and what one answer may take. */
export const PROBE_SECONDS = 5;
/**
 * An NVA that falls silent is out when a probe of it has waited in vain: the next probe begins up to
 * an interval later, and waits for an interval.
 */
export const DETECTION_SECONDS = 2 * PROBE_SECONDS;

/** Time in which an attempt that began in time may still fail, and in which clocks may differ. */
export const SLACK_MS = 1500;

const LOOK_MS = 100;
/** For three NVAs, one after another, each with drain, boot and verdict. */
const UPGRADE_SECONDS = 300;

/** A rule of the policy that drops what is sent to a port. */
export const dropRule = (name: string, port: string) => ({
  ...{ name, action: "drop", direction: "inbound", protocol: "tcp", ports: [port] },
});

export class FleetLab {
  readonly #undo = new Undo();
  #settings: FleetSettings;

  private constructor(
    private readonly project: ProjectLab,
    settings: FleetSettings,
  ) {
    this.#settings = settings;
  }

  /** Brings it up; all NVAs are healthy and both consumers serve. */
  static async up(
    capacity: number,
    gateway: Record<string, unknown> = {},
    location = "westeurope",
  ): Promise<FleetLab> {
    const lacking = await ensureLoad();
    assert.equal(lacking, undefined);
    process.env.GWLB_LAB_TIME_FACTOR = String(TIME_FACTOR);
    const settings = parse(ProjectLab.settings()) as FleetSettings;
    settings.config["azure-native:location"] = location;
    settings.config["azure-gwlb:gateway"] = {
      nva: { drainSeconds: NOTICE_SECONDS, policyPollSeconds: 2 },
      fleet: { capacity, health: { probes: 1 }, upgrade: { pauseSeconds: 0 } },
      ...gateway,
    };
    const project = await ProjectLab.create(stringify(settings));
    const lab = new FleetLab(project, settings);
    lab.#undo.add("project", () => project.remove());
    lab.#undo.add("lab", async () => void (await lab.verb("down")));
    try {
      await lab.verb("up");
      await lab.serve();
      await lab.healthy(capacity);
    } catch (cause) {
      await lab.down();
      throw cause;
    }
    return lab;
  }

  /** Ends everything; nothing is left. */
  down(): Promise<void> {
    return this.#undo.run();
  }

  /** A verb of the lab that must succeed. */
  async verb(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.project.verb(args);
    assert.equal(code, 0, `lab ${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  }

  /** A verb of the lab; every exit code is an answer. */
  call(args: readonly string[]): Promise<RunResult> {
    return this.project.verb(args);
  }

  /** Changes the stack's settings and deploys them, as a person does. */
  async deploy(change: (settings: FleetSettings) => void): Promise<void> {
    const settings = structuredClone(this.#settings);
    change(settings);
    await this.project.write(stringify(settings));
    await this.project.up();
    this.#settings = settings;
  }

  async status(): Promise<LabStatus> {
    return JSON.parse(await readFile(labPaths(this.project.lab).status, "utf8")) as LabStatus;
  }

  /** The gateway's NVAs, by name. */
  async nvas(): Promise<NvaStatus[]> {
    const nvas = (await this.status()).gateways.flatMap((gateway) => gateway.nvas);
    return nvas.sort((a, b) => a.vm.localeCompare(b.vm));
  }

  /** Waits until a look at the lab is satisfied. */
  async until(what: string, is: (status: LabStatus) => boolean, seconds: number): Promise<void> {
    for (const end = Date.now() + seconds * 1000; ; ) {
      const status = await this.status();
      if (is(status)) return;
      const { gateways, places, problems } = status;
      assert.ok(
        Date.now() < end,
        `not within ${seconds} s: ${what}\n${JSON.stringify({ gateways, places, problems }, undefined, 1)}`,
      );
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Waits until there are so many NVAs, and the load balancer finds all of them well. */
  healthy(count: number, seconds = 90): Promise<void> {
    return this.until(
      `${count} healthy NVAs`,
      ({ gateways }) => {
        const nvas = gateways.flatMap((gateway) => gateway.nvas);
        return nvas.length === count && nvas.every(({ healthy }) => healthy);
      },
      seconds,
    );
  }

  /** Runs a command in a VM. */
  async exec(place: string, argv: Argv, options: RunOptions = {}): Promise<string> {
    return (await run(inPlace(await this.status(), place, argv), options)).stdout;
  }

  /** Runs this machine's command in the network of a place. */
  async inNetwork(place: string, argv: Argv, options: RunOptions = {}): Promise<string> {
    return (await run(inNetwork(await this.status(), place, argv), options)).stdout;
  }

  /** Public addresses of both consumers. */
  async addresses(): Promise<string[]> {
    return consumersOf(await this.status()).map(({ address }) => address);
  }

  /** A load through both consumers, which ends with the lab at the latest. */
  async load(options: Partial<LoadOptions> = {}): Promise<Load> {
    const targets = (await this.addresses()).map((address) => `http://${address}/`);
    const load = Load.start(inNetwork(await this.status(), "internet", []), {
      ...{ targets, source: visitor, seconds: 600, ...RATE },
      ...options,
    });
    this.#undo.add("load", async () => void (await load.stop()));
    await load.steady();
    return load;
  }

  /** A load while something is done; shows what became of it. */
  async underLoad(
    options: Partial<LoadOptions>,
    work: (load: Load) => Promise<void>,
  ): Promise<void> {
    const load = await this.load(options);
    try {
      await work(load);
    } finally {
      console.log((await load.stop()).text);
    }
  }

  /**
   * Holds that no new connection has failed, that none of the first `short` held ones was cut, and
   * of the others no more than had been on the NVA that went: those that lasted longer than its
   * notice.
   */
  async cutOnly(load: Load, what: string, there: number, short: number): Promise<void> {
    await load.goesOn(3);
    const { text } = load.report();
    const cut = load.failed("cut");
    console.log(
      `${what}: ${cut.length} of ${there} held connections cut, all older than the notice`,
    );
    assert.equal(load.sums.newFailed, 0, text);
    assert.deepEqual(
      cut.filter(({ connection = 0 }) => connection <= short),
      [],
      "held connections that would have ended in time",
    );
    assert.ok(cut.length <= there, text);
  }

  /** Name of the scale set. */
  async scaleSet(): Promise<string> {
    const [set] = (await this.status()).scaleSets;
    assert.ok(set, "no scale set in the lab");
    return set.name;
  }

  /** Sets the number of NVAs, as another administrator does. */
  async scale(capacity: number): Promise<void> {
    await this.verb("azure", "scale", await this.scaleSet(), String(capacity));
  }

  /** Changes the machines' model past the stack, as another administrator does. */
  async rewriteModel(change: (profile: ModelProfile) => void): Promise<void> {
    const [set] = (await this.status()).scaleSets;
    assert.ok(set, "no scale set in the lab");
    const body = JSON.parse(await this.verb("azure", "show", set.id)) as ScaleSetBody;
    change(body.properties.virtualMachineProfile);
    const { code, stdout, stderr } = await this.project.verb(["azure", "put", set.id, "-"], {
      input: JSON.stringify(body),
    });
    assert.equal(code, 0, `${stdout}${stderr}`);
  }

  /** Waits for the end of the rolling upgrade that a change has begun. */
  upgraded(status: "Completed" | "Faulted"): Promise<void> {
    const ended = ({ scaleSets }: LabStatus) =>
      scaleSets.every((set) => set.upgrade?.status === status);
    return this.until(`the upgrade is ${status}`, ended, UPGRADE_SECONDS);
  }

  /** Hash of the policy that each NVA has in force; one that has just booted is waited for. */
  async policies(): Promise<string[]> {
    const file = FILES.policyState;
    const read = `until grep -q '"hash": "' ${file}; do sleep 0.1; done 2>/dev/null; cat ${file}`;
    const texts = (await this.nvas()).map(({ vm }) =>
      this.exec(vm, ["timeout", "30", "sh", "-c", read]),
    );
    return (await Promise.all(texts)).map((text) => (JSON.parse(text) as { hash: string }).hash);
  }

  /** Number of connections that go through each NVA, by its name. */
  async heldBy(): Promise<Map<string, number>> {
    const nvas = (await this.nvas()).map(
      async ({ vm }) => [vm, (await this.connections(vm)).both.size] as const,
    );
    return new Map(await Promise.all(nvas));
  }

  /** Holds that no new connection has failed, and none that is held was cut. */
  async unnoticed(load: Load): Promise<void> {
    await load.goesOn(3);
    const { sums, text } = load.report();
    assert.deepEqual([sums.newFailed, sums.cut], [0, 0], text);
  }

  /** Waits until there is no such VM. */
  untilGone(vm: string, seconds = NOTICE_SECONDS + 30): Promise<void> {
    const gone = ({ places }: LabStatus) => !places.some(({ name }) => name === vm);
    return this.until(`${vm} is gone`, gone, seconds);
  }

  /**
   * Waits until the metadata service shows scheduled events to every NVA: on Azure up to five minutes
   * after a machine has asked for the first time.
   */
  eventsShown(): Promise<void> {
    const old = (time?: string) =>
      time !== undefined && Date.now() - Date.parse(time) > (EVENTS_SECONDS + 5) * 1000;
    return this.until(
      "all NVAs are shown events",
      ({ gateways, places }) =>
        gateways
          .flatMap(({ nvas }) => nvas)
          .every(({ vm }) => old(places.find(({ name }) => name === vm)?.bootedAt)),
      EVENTS_SECONDS + 60,
    );
  }

  /** Memory that this machine has left, and has in all, as text. */
  async freeMemory(): Promise<string> {
    const { stdout } = await run(["free", "-m"]);
    const [, total, used] = /Mem:\s+(\d+)\s+(\d+)/.exec(stdout) ?? [];
    return `${used} of ${total} MB in use`;
  }

  /** In each consumer's place a server that keeps thousands of connections. */
  private async serve(): Promise<void> {
    const status = await this.status();
    for (const vm of consumersOf(status).flatMap(({ vms }) => vms)) {
      await this.exec(vm, ["systemctl", "stop", "demo-web"]);
      await serveLoad(this.#undo, inNetwork(status, vm, []));
    }
  }

  /** Flows that each NVA's policy has let start, by the NVA's name. */
  async started(): Promise<Map<string, number>> {
    const counts = (await this.nvas()).map(async ({ vm }) => {
      const text = await this.exec(vm, [POLICY_PROGRAM, "counters"]);
      const rows = text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Counter);
      return [vm, rows.find(({ rule }) => rule === "default-inbound")?.packets ?? 0] as const;
    });
    return new Map(await Promise.all(counts));
  }

  /** Memory in kB: of each NVA's programs, by its name, and of the lab's own. */
  async memory(): Promise<Map<string, number>> {
    const status = await this.status();
    const nvas = (await this.nvas()).map(async ({ vm }) => {
      const text = await this.exec(vm, ["sh", "-c", RESIDENT]);
      return [vm, Number(text)] as const;
    });
    const box = status.boxPid;
    const { stdout } = await run(["ps", "-o", "rss=", "--pid", `${box}`, "--ppid", `${box}`]);
    const own = stdout
      .trim()
      .split("\n")
      .reduce((sum, line) => sum + Number(line), 0);
    return new Map([...(await Promise.all(nvas)), ["the lab", own]]);
  }

  /** Client ports of the TCP connections that an NVA has seen both directions of, and only one of. */
  async connections(vm: string): Promise<{ both: Set<string>; one: Set<string> }> {
    const table = await this.inNetwork(vm, ["cat", "/proc/net/nf_conntrack"]);
    const found = { both: new Set<string>(), one: new Set<string>() };
    for (const line of table.split("\n")) {
      const [, port] = new RegExp(`src=${visitor} .*? sport=(\\d+) dport=80 `).exec(line) ?? [];
      if (port === undefined || !line.includes("ESTABLISHED")) continue;
      found[line.includes("[UNREPLIED]") ? "one" : "both"].add(port);
    }
    return found;
  }
}

/** Resident memory of the NVA's units, in kB. */
const RESIDENT = `for pid in $(systemctl show -p MainPID --value 'gwlb-*.service'); do
  grep -h VmRSS /proc/$pid/status
done 2>/dev/null | awk '{ sum += $2 } END { print sum }'`;

interface ModelProfile {
  userData: string;
  osProfile: { customData: string };
  storageProfile: { imageReference: { version: string } };
}

interface ScaleSetBody {
  properties: { virtualMachineProfile: ModelProfile };
}

interface Counter {
  rule: string;
  packets: number;
}
