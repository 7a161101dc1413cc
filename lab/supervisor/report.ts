/** A view and what is known of the machines → status.json. Pure. */

import { keyOf } from "../arm/ids";
import { Health } from "../compute/scaleSets/facts";
import type { Run } from "../compute/scaleSets/observe";
import type { ScaleSet } from "../network/model";
import { INTERNET_ADDRESSES } from "../network/topology/edge";
import { INTERNET } from "../network/topology/names";
import { probeKey, type Verdict, type View } from "../network/view";
import { probedMembers } from "../platform/platformPlan";
import type {
  BackendStatus,
  GatewayStatus,
  LabStatus,
  PlaceStatus,
  ScaleSetStatus,
} from "./status";

/** A machine at one moment. */
export interface MachineFacts {
  netns: string;
  power: PlaceStatus["power"];
  pid?: number;
  /** The store's number of the current run. */
  run?: number;
  /** When the current run began, and when its cloud-init was through; milliseconds since 1970. */
  startedAt?: number;
  bootedAt?: number;
}

export interface Surroundings {
  boxPid: number;
  /** The store's transaction that packets see. */
  appliedSeq: number;
  /** True if nothing waits to be applied. */
  settled: boolean;
  failure?: string;
  problems: string[];
  machines: ReadonlyMap<string, MachineFacts>;
  /** Runs of the machines that are on, by the VM's id in lower case. */
  runs: ReadonlyMap<string, Run>;
  /** By {@link probeKey}: milliseconds from a machine's start to its first healthy verdict. */
  firstHealthy: ReadonlyMap<string, number>;
  /** An upgraded instance that is not well after this time has failed, in milliseconds. */
  patienceMs: number;
  now: Date;
}

/** A machine that has booted and still is not healthy after this many probe intervals is judged. */
const INTERVALS_UNTIL_JUDGED = 2;

export function reportStatus(view: View, around: Surroundings): LabStatus {
  const problems = [...view.model.problems, ...view.problems, ...around.problems];
  return {
    updated: around.now.toISOString(),
    phase: phaseOf(view, around),
    appliedSeq: around.appliedSeq,
    problems: [...new Set(around.failure === undefined ? problems : [around.failure, ...problems])],
    boxPid: around.boxPid,
    places: places(view, around),
    publicAddresses: view.entries.map((entry) => ({
      address: entry.address,
      id: entry.addressId,
      via: entry.via,
      owner: entry.owner,
      vms: entry.vms,
      ...(entry.chain === undefined ? {} : { chainedTo: entry.chain }),
    })),
    chains: view.entries.flatMap((entry) =>
      entry.chain === undefined
        ? []
        : [{ consumer: entry.owner, gatewayFrontend: entry.chain, publicAddress: entry.address }],
    ),
    gateways: view.gateways.map((gateway) => gatewayStatus(view, gateway, around)),
    backends: backends(view),
    scaleSets: view.model.scaleSets.map((set) => scaleSetStatus(view, set, around)),
  };
}

function phaseOf(view: View, around: Surroundings): LabStatus["phase"] {
  if (around.failure !== undefined) return "failed";
  if (!around.settled) return "converging";
  const waiting = view.model.vms.some((vm) => {
    const machine = around.machines.get(vm.id);
    return machine === undefined || machine.power === "starting";
  });
  if (waiting) return "converging";
  const unjudged = probedMembers(view).some(({ probe, member }) => {
    const verdict = view.facts.verdicts.get(probeKey(probe.id, member.configuration.id));
    const machine = around.machines.get(member.vm?.id ?? "");
    if (verdict?.healthy === true || machine?.bootedAt === undefined) return false;
    const wait = INTERVALS_UNTIL_JUDGED * probe.intervalSeconds * 1000;
    return around.now.getTime() - machine.bootedAt < wait;
  });
  return unjudged ? "converging" : "ready";
}

function places(view: View, around: Surroundings): PlaceStatus[] {
  const internet: PlaceStatus = {
    name: INTERNET,
    kind: "internet",
    addresses: [...INTERNET_ADDRESSES],
    power: "running",
    netns: INTERNET,
  };
  const vms = view.model.vms.map((vm): PlaceStatus => {
    const machine = around.machines.get(vm.id);
    return {
      name: vm.place,
      kind: "vm",
      id: vm.id,
      addresses: vm.nics.flatMap((nic) => nic.configurations.map((c) => c.address)),
      power: machine?.power ?? "starting",
      netns: machine?.netns ?? "",
      ...(vm.faults.length === 0 ? {} : { faults: vm.faults.map(({ kind }) => kind) }),
      ...(machine?.pid === undefined ? {} : { pid: machine.pid }),
      ...(machine?.bootedAt === undefined
        ? {}
        : { bootedAt: new Date(machine.bootedAt).toISOString() }),
    };
  });
  return [internet, ...vms];
}

function gatewayStatus(
  view: View,
  gateway: View["gateways"][number],
  around: Surroundings,
): GatewayStatus {
  return {
    id: gateway.id,
    frontendAddress: gateway.address,
    nvas: gateway.members.map((member) => {
      const verdict: Verdict = view.health(gateway.rule, member);
      const key = probeKey(gateway.rule.probe?.id ?? "", member.configuration.id);
      const first = around.firstHealthy.get(key);
      return {
        vm: member.vm?.place ?? member.nic.name,
        address: member.configuration.address,
        healthy: verdict.healthy,
        since: verdict.since,
        reason: verdict.reason,
        ...(first === undefined ? {} : { firstHealthyAfterSeconds: first / 1000 }),
      };
    }),
  };
}

function scaleSetStatus(view: View, set: ScaleSet, around: Surroundings): ScaleSetStatus {
  const { id, name, capacity, mode, instances, upgrade, repairsSuspended } = set;
  return {
    ...{ id, name, capacity, upgradeMode: mode },
    instances: instances.map(({ vmId, latest, health, leaving }) => ({
      vm: placeOf(view, vmId),
      latestModel: latest,
      ...(health === undefined ? {} : { health: health.state, reason: health.reason }),
      ...(leaving === undefined ? {} : { leaving }),
    })),
    ...(upgrade === undefined ? {} : { upgrade: upgradeStatus(view, set, upgrade, around) }),
    ...(repairsSuspended ? { repairsSuspended } : {}),
  };
}

const placeOf = (view: View, vmId: string): string =>
  view.model.vms.find((vm) => vm.id === vmId)?.place ?? vmId;

function upgradeStatus(
  view: View,
  { instances }: ScaleSet,
  upgrade: NonNullable<ScaleSet["upgrade"]>,
  around: Surroundings,
): ScaleSetStatus["upgrade"] {
  const waiting = waitOf(view, instances, upgrade, around);
  return {
    status: upgrade.status,
    upgraded: upgrade.upgraded.length - upgrade.failed.length,
    failed: upgrade.failed.length,
    pending: instances.filter(({ latest }) => !latest).length,
    ...(upgrade.error === undefined ? {} : { error: upgrade.error }),
    ...(waiting === undefined ? {} : { waiting }),
  };
}

/** The batch that is under way, or the pause after one. */
function waitOf(
  view: View,
  instances: ScaleSet["instances"],
  { status, batch, pauseUntil = 0 }: NonNullable<ScaleSet["upgrade"]>,
  { runs, patienceMs, now }: Surroundings,
): NonNullable<ScaleSetStatus["upgrade"]>["waiting"] {
  if (status !== "RollingForward") return undefined;
  const until = (time: number) => new Date(time).toISOString();
  if (batch === undefined) {
    const pausing = pauseUntil > now.getTime();
    return pausing ? { what: "pause", vms: [], until: until(pauseUntil) } : undefined;
  }
  const keys = (members: typeof batch.members) => members.map(({ id }) => keyOf(id));
  // A new instance of a surge has no run before its first.
  const toRestart = keys(
    batch.members.filter(
      ({ id, epoch, restarts }) => restarts && (runs.get(keyOf(id))?.epoch ?? epoch) === epoch,
    ),
  );
  const all = keys(batch.members);
  const unwell = all.filter(
    (id) => instances.find(({ vmId }) => vmId === id)?.health?.state !== Health.Healthy,
  );
  const vms = toRestart.length > 0 ? toRestart : unwell.length > 0 ? unwell : all;
  return {
    what: toRestart.length > 0 ? "restart" : "health",
    vms: vms.map((id) => placeOf(view, id)),
    until: until(batch.startedAt + patienceMs),
  };
}

function backends(view: View): BackendStatus[] {
  return view.model.loadBalancers
    .filter((balancer) => !balancer.gateway)
    .flatMap((balancer) =>
      balancer.pools.map((pool) => {
        const rules = balancer.rules.filter((rule) => rule.poolIds.includes(pool.id));
        return {
          loadBalancer: balancer.id,
          pool: pool.name,
          members: view.members([pool]).map((member) => {
            const verdicts = rules.map((rule) => view.health(rule, member));
            const worst = verdicts.find((verdict) => !verdict.healthy) ?? verdicts[0];
            return {
              vm: member.vm?.place ?? member.nic.name,
              address: member.configuration.address,
              healthy: worst?.healthy ?? false,
              reason: worst?.reason ?? "no rule",
            };
          }),
        };
      }),
    );
}
