/** The platform's orders: who may ask for metadata, and whom to probe. Pure. */
import { parseNetwork } from "../../components/azure/addresses";
import { parseId } from "../arm/ids";
import { METADATA, PLATFORM } from "../arm/platform";
import { behavesSo } from "../arm/rules";
import { docs } from "../arm/sources";
import type { Run } from "../compute/scaleSets/observe";
import type { HealthCheck } from "../compute/scaleSets/readHealth";
import { type ScheduledEvent, shownEvent } from "../compute/scheduledEvents";
import type { Nic, Probe, Vm } from "../network/model";
import { vnetNamespace } from "../network/topology/names";
import { type Member, probeKey, type View } from "../network/view";

behavesSo(
  "Health probes",
  {
    says: "An HTTP probe takes 200 as up and any other answer as down, at once; its threshold counts timeouts.",
    documented: docs.probes,
  },
  {
    says: "A TCP probe needs its threshold in a row, up as down.",
    documented: docs.probes,
  },
  {
    says: "A machine that is off is not probed.",
    documented: docs.probes,
  },
);

behavesSo(
  "Instance metadata",
  { says: "A machine may ask 5 times a second, else it gets 429.", documented: docs.metadata },
  { says: "A Standard public address is not shown to its machine.", documented: docs.metadata },
  {
    says: "A changed userData shows after two seconds.",
    assumed: "The delay is not documented; the lab's can be set.",
  },
);

behavesSo("Scheduled events", {
  says: "The first question switches events on: an answer within 2 minutes, events within 5; off after a day without one.",
  documented: docs.events,
});

export interface MachineMetadata {
  /** Id of the VM. */
  key: string;
  instance: { compute: object; network: object };
  /** Base64; empty if there is none. */
  userData: string;
  events: ScheduledEvent[];
}

export interface ProbePlan {
  key: string;
  netns: string;
  /** Address that asks. */
  source: string;
  /** Address that is asked. */
  address: string;
  port: number;
  protocol: string;
  path: string;
  /** Seconds. */
  interval: number;
  threshold: number;
  /** Changes with every boot of the machine; empty while it is off. */
  epoch: string;
}

/** A health extension's question to its machine, from inside; seconds. */
export interface HealthPlan extends HealthCheck {
  /** Id of the VM. */
  key: string;
  netns: string;
  /** Changes with every run of the machine. */
  epoch: string;
}

/** How long the platform takes, in seconds. */
export interface PlatformDelays {
  /** Until a change of userData shows. */
  userDataDelay: number;
  /** Until the first question for scheduled events is answered, and until the first one shows. */
  eventsAnswered: number;
  eventsShown: number;
  /** Scheduled events are off again after so long without a question. */
  eventsForgotten: number;
}

export interface PlatformPlan extends PlatformDelays {
  /** Address that serves metadata. */
  metadataAddress: string;
  /** Namespaces of virtual networks, each with its machines by primary address. */
  networks: Record<string, Record<string, MachineMetadata>>;
  probes: ProbePlan[];
  checks: HealthPlan[];
}

/** A machine of the lab needs real time to start, whatever the factor, in seconds. */
const SHORTEST_GRACE = 20;

/** Questions of the health extensions of all running machines; the factor spares the interval. */
export function checksOf(
  view: View,
  runs: ReadonlyMap<string, Run>,
  timeFactor: number,
): HealthPlan[] {
  return view.model.vms.flatMap((vm) => {
    const netns = view.facts.running.get(vm.id)?.netns;
    const epoch = runs.get(vm.id)?.epoch;
    if (vm.health === undefined || netns === undefined || epoch === undefined) return [];
    const { grace } = vm.health;
    return [
      {
        ...{ key: vm.id, netns, epoch, ...vm.health },
        grace: Math.max(grace * timeFactor, Math.min(grace, SHORTEST_GRACE)),
      },
    ];
  });
}

export interface ProbedMember {
  probe: Probe;
  member: Member;
  /** Undefined while its machine is off. */
  netns?: string;
}

/** Azure's longest delays of scheduled events, and after how long they are off again. */
const EVENTS_ANSWERED = 2 * 60;
const EVENTS_SHOWN = 5 * 60;
const EVENTS_FORGOTTEN = 24 * 60 * 60;

/** Delays of a lab whose waiting times are multiplied by a factor. */
export const platformDelays = (userDataDelay: number, timeFactor: number): PlatformDelays => ({
  userDataDelay,
  eventsAnswered: EVENTS_ANSWERED * timeFactor,
  eventsShown: EVENTS_SHOWN * timeFactor,
  eventsForgotten: EVENTS_FORGOTTEN * timeFactor,
});

/** Everything that the platform should do for a view. */
export function planPlatform(
  view: View,
  delays: PlatformDelays,
  checks: HealthPlan[] = [],
): PlatformPlan {
  const networks: PlatformPlan["networks"] = {};
  for (const vnet of view.model.vnets) networks[vnetNamespace(vnet.id)] = {};
  for (const vm of view.model.vms) {
    const address = vm.nics[0]?.configurations[0]?.address;
    const network = networks[vnetNamespace(vm.nics[0]?.vnetId ?? "")];
    if (address === undefined || network === undefined) continue;
    network[address] = {
      key: vm.id,
      instance: instanceOf(view, vm),
      userData: vm.userData ?? "",
      events: eventsFor(view, vm),
    };
  }
  return { ...delays, metadataAddress: METADATA, networks, probes: probesOf(view), checks };
}

/** Events that a machine sees: its own and those of its group, once their time is set. */
const eventsFor = (view: View, vm: Vm): ScheduledEvent[] =>
  view.model.vms
    .filter(({ group }) => group === vm.group)
    .flatMap(({ events }) => events)
    .filter(({ due }) => due !== undefined)
    .map(shownEvent);

/** Every probed member of every rule, once; a machine that is off does not answer, as on Azure. */
export function probedMembers(view: View): ProbedMember[] {
  const gateways = view.gateways.flatMap((gateway) =>
    gateway.members.map((member) => ({ rule: gateway.rule, member })),
  );
  const balanced = view.model.loadBalancers
    .filter((balancer) => !balancer.gateway)
    .flatMap((balancer) =>
      balancer.rules.flatMap((rule) =>
        balancer.pools
          .filter((pool) => rule.poolIds.includes(pool.id))
          .flatMap((pool) => view.members([pool]).map((member) => ({ rule, member }))),
      ),
    );
  const found = [...gateways, ...balanced].flatMap(({ rule, member }) => {
    if (rule.probe === undefined || member.vm === undefined) return [];
    return [{ probe: rule.probe, member, netns: view.facts.running.get(member.vm.id)?.netns }];
  });
  const byKey = new Map(
    found.map((f) => [probeKey(f.probe.id, f.member.configuration.id), f] as const),
  );
  return [...byKey.values()];
}

function probesOf(view: View): ProbePlan[] {
  return probedMembers(view).map(({ probe, member, netns }) => ({
    key: probeKey(probe.id, member.configuration.id),
    netns: vnetNamespace(member.nic.vnetId),
    source: PLATFORM,
    address: member.configuration.address,
    port: probe.port,
    protocol: probe.protocol,
    path: probe.path,
    interval: probe.intervalSeconds,
    threshold: probe.threshold,
    epoch: netns ?? "",
  }));
}

function instanceOf(view: View, vm: Vm): MachineMetadata["instance"] {
  const id = parseId(vm.id);
  return {
    compute: {
      azEnvironment: "AzurePublicCloud",
      customData: "",
      location: vm.location,
      name: vm.name,
      osProfile: {
        adminUsername: vm.adminUsername ?? "",
        computerName: vm.computerName,
        disablePasswordAuthentication: "true",
      },
      osType: "Linux",
      provider: "Microsoft.Compute",
      resourceGroupName: id?.resourceGroup ?? "",
      resourceId: vm.id,
      subscriptionId: id?.subscription ?? "",
      tags: Object.entries(vm.tags)
        .map(([name, value]) => `${name}:${value}`)
        .join(";"),
      tagsList: Object.entries(vm.tags).map(([name, value]) => ({ name, value })),
      vmId: vm.uuid,
      vmScaleSetName: vm.scaleSet ?? "",
      vmSize: vm.size,
      zone: vm.zone ?? "",
    },
    network: { interface: vm.nics.map((nic) => interfaceOf(view, nic)) },
  };
}

function interfaceOf(view: View, nic: Nic): object {
  const prefixes = nic.configurations.flatMap((c) => view.subnetOf(c)?.prefixes ?? []);
  return {
    ipv4: {
      // Standard public addresses are not shown to the machine, as on Azure.
      ipAddress: nic.configurations.map((c) => ({
        privateIpAddress: c.address,
        publicIpAddress: "",
      })),
      subnet: [...new Set(prefixes)].map((prefix) => ({
        address: prefix.split("/")[0],
        prefix: String(parseNetwork(prefix)?.prefix ?? ""),
      })),
    },
    ipv6: { ipAddress: [] },
    macAddress: nic.mac.replaceAll(":", "").toUpperCase(),
  };
}
