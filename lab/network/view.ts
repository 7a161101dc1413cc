/** Questions that the planners ask of the model. Pure. */
import type {
  BalancingRule,
  Frontend,
  IpConfiguration,
  LoadBalancer,
  Model,
  Nic,
  Pool,
  Subnet,
  Tunnel,
  Vm,
  Vnet,
} from "./model";

/** Facts of this moment, beside the store. */
export interface Facts {
  /** Network namespace of every machine that is on, by the VM's id. */
  running: ReadonlyMap<string, { netns: string }>;
  /** Verdicts of probes by {@link probeKey}; absent until the first one. */
  verdicts: ReadonlyMap<string, Verdict>;
}

export interface Verdict {
  healthy: boolean;
  reason: string;
  /** When it changed, ISO 8601. */
  since: string;
}

/** A pool member: one address of one NIC of one VM. */
export interface Member {
  configuration: IpConfiguration;
  nic: Nic;
  vm?: Vm;
}

/** A gateway load balancer at one of its frontends. */
export interface Gateway {
  /** Id of the frontend: what consumers chain to. */
  id: string;
  name: string;
  balancer: LoadBalancer;
  address: string;
  vnetId: string;
  rule: BalancingRule;
  internal: Tunnel;
  external: Tunnel;
  members: Member[];
}

/** One public address and where it leads. */
export interface PublicEntry {
  address: string;
  addressId: string;
  via: "ilpip" | "frontend" | "natGateway";
  /** Id of the IP configuration, frontend or NAT gateway. */
  owner: string;
  /** Undefined when nothing stands behind it. */
  vnetId?: string;
  chain?: string;
  vms: string[];
}

/** The model with its indexes. */
export class View {
  readonly #nicByConfiguration = new Map<string, Nic>();
  readonly #vms = new Map<string, Vm>();
  readonly gateways: Gateway[] = [];
  readonly entries: PublicEntry[] = [];
  /** Problems found while joining the parts. */
  readonly problems: string[] = [];

  constructor(
    readonly model: Model,
    readonly facts: Facts,
  ) {
    for (const vm of model.vms) this.#vms.set(vm.id, vm);
    for (const nic of model.nics) {
      for (const configuration of nic.configurations) {
        this.#nicByConfiguration.set(configuration.id, nic);
      }
    }
    for (const balancer of model.loadBalancers) this.#readGateways(balancer);
    this.#readEntries();
  }

  vnet(id: string): Vnet | undefined {
    return this.model.vnets.find((vnet) => vnet.id === id);
  }

  subnetOf(configuration: IpConfiguration): Subnet | undefined {
    return this.model.subnets.get(configuration.subnetId);
  }

  gateway(frontendId: string | undefined): Gateway | undefined {
    return this.gateways.find((gateway) => gateway.id === frontendId);
  }

  /** NICs of running machines in a network. */
  nicsIn(vnetId: string): { nic: Nic; vm: Vm; netns: string; index: number }[] {
    return this.model.vms.flatMap((vm) => {
      const netns = this.facts.running.get(vm.id)?.netns;
      if (netns === undefined) return [];
      return vm.nics
        .map((nic, index) => ({ nic, vm, netns, index }))
        .filter(({ nic }) => nic.vnetId === vnetId);
    });
  }

  /** Members of pools, in the order of their addresses' ids: the same for the same store. */
  members(pools: readonly Pool[]): Member[] {
    const [first, ...others] = pools;
    const ids = (first?.members ?? []).filter((id) => others.every((p) => p.members.includes(id)));
    return ids.sort().flatMap((id) => {
      const nic = this.#nicByConfiguration.get(id);
      const configuration = nic?.configurations.find((c) => c.id === id);
      if (nic === undefined || configuration === undefined) return [];
      return [{ nic, configuration, vm: this.#vms.get(nic.vmId ?? "") }];
    });
  }

  /** Whether a member may get new flows of a rule, and why. */
  health(rule: BalancingRule, member: Member): Verdict {
    const down = (reason: string) => ({ healthy: false, reason, since: "" });
    if (member.vm === undefined) return down("no virtual machine has this NIC");
    const word = this.#adminState(rule, member);
    if (word !== undefined) {
      return { healthy: word === "Up", reason: `adminState is ${word}`, since: "" };
    }
    // Whether a machine is on only a probe can tell: without one it gets flows for ever.
    if (rule.probe === undefined) return { healthy: true, reason: "not probed", since: "" };
    const key = probeKey(rule.probe.id, member.configuration.id);
    const verdict = this.facts.verdicts.get(key) ?? down("not probed yet");
    const isOff = !verdict.healthy && !this.facts.running.has(member.vm.id);
    return isOff ? { ...verdict, reason: "the machine is off" } : verdict;
  }

  /** The administrator's word on a member, in the first pool of a probed rule that has one. */
  #adminState(rule: BalancingRule, { configuration }: Member): "Up" | "Down" | undefined {
    if (rule.probe === undefined) return undefined;
    const pools = this.model.loadBalancers.flatMap((balancer) => balancer.pools);
    const own = pools.filter(({ id }) => rule.poolIds.includes(id));
    return own.map(({ adminStates }) => adminStates.get(configuration.id)).find(Boolean);
  }

  #readGateways(balancer: LoadBalancer): void {
    if (!balancer.gateway) return;
    const problem = (text: string) => this.problems.push(`${balancer.name}: ${text}`);
    for (const frontend of balancer.frontends) {
      const rule = balancer.rules.find((candidate) => candidate.frontendId === frontend.id);
      const pools = (rule?.poolIds ?? []).flatMap(
        (id) => balancer.pools.find((pool) => pool.id === id) ?? [],
      );
      const internal = pools.find((pool) => pool.internal !== undefined)?.internal;
      const external = pools.find((pool) => pool.external !== undefined)?.external;
      const subnet = this.model.subnets.get(frontend.subnetId ?? "");
      if (frontend.privateAddress === undefined || subnet === undefined) {
        problem(`frontend ${frontend.name} has no IPv4 address in a subnet`);
      } else if (rule === undefined)
        problem(`frontend ${frontend.name} has no rule: nothing passes`);
      else if (internal === undefined || external === undefined) {
        problem(`rule ${rule.name} lacks a tunnel: nothing passes`);
      } else {
        this.gateways.push({
          id: frontend.id,
          name: `${balancer.name}/${frontend.name}`,
          balancer,
          address: frontend.privateAddress,
          vnetId: subnet.vnetId,
          rule,
          internal,
          external,
          members: this.members(pools),
        });
      }
    }
  }

  #readEntries(): void {
    for (const nic of this.model.nics) {
      const vm = this.#vms.get(nic.vmId ?? "");
      for (const configuration of nic.configurations) {
        if (configuration.publicAddress === undefined) continue;
        this.#addEntry({
          address: configuration.publicAddress,
          addressId: configuration.publicAddressId ?? "",
          via: "ilpip",
          owner: configuration.id,
          vnetId: nic.vnetId,
          chain: configuration.chain,
          vms: vm === undefined ? [] : [vm.place],
        });
      }
    }
    for (const balancer of this.model.loadBalancers) {
      for (const frontend of balancer.frontends) this.#addFrontend(balancer, frontend);
    }
    for (const gateway of this.model.natGateways.values()) {
      const subnets = [...this.model.subnets.values()].filter((s) => s.natGatewayId === gateway.id);
      if (gateway.publicAddress === undefined) continue;
      this.#addEntry({
        address: gateway.publicAddress,
        addressId: gateway.publicAddressId ?? "",
        via: "natGateway",
        owner: gateway.id,
        vnetId: subnets[0]?.vnetId,
        vms: [],
      });
    }
  }

  #addFrontend(balancer: LoadBalancer, frontend: Frontend): void {
    if (frontend.publicAddress === undefined) return;
    const pools = new Set([
      ...balancer.rules.filter((r) => r.frontendId === frontend.id).flatMap((r) => r.poolIds),
      ...balancer.outboundRules
        .filter((r) => r.frontendIds.includes(frontend.id))
        .map((r) => r.poolId),
    ]);
    const members = balancer.pools.filter((p) => pools.has(p.id)).flatMap((p) => this.members([p]));
    const rules = balancer.natRules.filter((r) => r.frontendId === frontend.id).map((r) => r.id);
    const natted = this.model.nics.filter((nic) =>
      nic.configurations.some((c) => c.natRules.some((id) => rules.includes(id))),
    );
    const nics = [...members.map((m) => m.nic), ...natted];
    const vms = nics.flatMap((nic) => this.#vms.get(nic.vmId ?? "")?.place ?? []);
    this.#addEntry({
      address: frontend.publicAddress,
      addressId: frontend.publicAddressId ?? "",
      via: "frontend",
      owner: frontend.id,
      vnetId: nics[0]?.vnetId,
      chain: frontend.chain,
      vms: [...new Set(vms)],
    });
  }

  #addEntry(entry: PublicEntry): void {
    if (entry.chain !== undefined && this.gateway(entry.chain) === undefined) {
      this.problems.push(`${entry.address} is chained to ${entry.chain}, which leads nowhere`);
    }
    this.entries.push(entry);
  }
}

/** Names one probe of one member. */
export const probeKey = (probeId: string, configurationId: string): string =>
  `${probeId} ${configurationId}`;
