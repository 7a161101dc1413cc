/** Resources as the store shows them: a gateway with its NVAs, and one consumer of each kind. */
import type { Body, StoredResource } from "../../lab/arm/resource";
import type { StoreSnapshot, StoreTransaction } from "../../lab/arm/store";
import { DEFAULTS } from "../../nva-cloud-init/contract/contract";

const GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/lab";
const id = (type: string, name: string) => `${GROUP}/providers/${type}/${name}`;

/** Public addresses of the two consumers. */
export const ILPIP_ADDRESS = "192.0.2.10";
export const FRONTEND_ADDRESS = "192.0.2.20";
export const NAT_ADDRESS = "192.0.2.30";

export const GATEWAY_FRONTEND = `${id("Microsoft.Network/loadBalancers", "gwlb")}/frontendIPConfigurations/frontend`;
export const WEB_FRONTEND = `${id("Microsoft.Network/loadBalancers", "weblb")}/frontendIPConfigurations/frontend`;

function resource(
  type: string,
  name: string,
  properties: Body,
  more: Partial<StoredResource> = {},
) {
  return { id: id(type, name), name, type, location: "westeurope", etag: "1", properties, ...more };
}

const child = (owner: string, collection: string, name: string, properties: Body) => ({
  id: `${owner}/${collection}/${name}`,
  name,
  properties,
});

const ref = (value: string) => ({ id: value });

export interface FixtureOptions {
  /** NVAs behind the gateway, at 10.7.1.5 and up; default 1. */
  nvas?: number;
  /** Web servers behind the public load balancer, at 10.1.0.4 and up; default 1. */
  webs?: number;
  /** Whether the consumers are chained; default both. */
  chained?: { ilpip?: boolean; frontend?: boolean };
  probe?: Body;
  loadDistribution?: string;
  customData?: string;
}

/** A world that a test changes before it hands it to the fabric; keys are lower-cased ids. */
export class AzureFixture {
  readonly resources = new Map<string, StoredResource>();
  #seq = 1;
  readonly #watchers = new Set<() => void>();

  constructor(options: FixtureOptions = {}) {
    const type = "Microsoft.Resources/resourceGroups";
    this.put({ ...resource(type, "lab", {}), id: GROUP });
    this.#provider(options);
    this.#ilpip(options.chained?.ilpip ?? true);
    this.#balanced(options.webs ?? 1, options.chained?.frontend ?? true);
  }

  put(value: StoredResource): void {
    this.resources.set(value.id.toLowerCase(), structuredClone(value));
    this.#seq += 1;
  }

  delete(type: string, name: string): void {
    this.resources.delete(id(type, name).toLowerCase());
    this.#seq += 1;
  }

  /** Changes a resource in place; `type` without its namespace is enough of a name. */
  change(name: string, edit: (properties: Body) => void): void {
    edit(this.#find(name).properties);
    this.#seq += 1;
  }

  snapshot(): StoreSnapshot {
    return { seq: this.#seq, resources: structuredClone(this.resources) };
  }

  /** Calls back after the writes of an {@link Arm} over this world; a test's own changes need {@link tell}. */
  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  view(): StoreTransaction {
    const key = (text: string) => text.toLowerCase();
    const naming = (id: string) => (resource: StoredResource) =>
      JSON.stringify(resource).toLowerCase().includes(key(id));
    return {
      seq: this.#seq,
      get: (id) => this.resources.get(key(id)),
      usersOf: (id) => [...this.resources.values()].filter(naming(id)),
      all: () => this.resources.values(),
      put: (resource) => this.resources.set(key(resource.id), resource),
      delete: (id) => this.resources.delete(key(id)),
    };
  }

  async transact<T>(change: (tx: StoreTransaction) => T): Promise<T> {
    const result = change(this.view());
    this.#seq += 1;
    this.tell();
    return result;
  }

  /** Tells whoever watches that something has changed. */
  tell(): void {
    for (const onChange of this.#watchers) onChange();
  }

  group(name: string, rules: { name: string; properties: Body }[]): string {
    const value = resource("Microsoft.Network/networkSecurityGroups", name, {});
    value.properties.securityRules = rules.map((r) =>
      child(value.id, "securityRules", r.name, r.properties),
    );
    this.put(value);
    return value.id;
  }

  publicAddress(name: string, ipAddress: string): string {
    const value = resource("Microsoft.Network/publicIPAddresses", name, {
      ipAddress,
      publicIPAddressVersion: "IPv4",
    });
    this.put(value);
    return value.id;
  }

  natGateway(name: string, publicAddressId: string): void {
    const properties = { publicIpAddresses: [ref(publicAddressId)] };
    this.put(resource("Microsoft.Network/natGateways", name, properties));
  }

  /** Id of a resource that this fixture has. */
  idOf(name: string): string {
    return this.#find(name).id;
  }

  #find(name: string): StoredResource {
    const found = [...this.resources.values()].filter((r) => r.name === name);
    const [only] = found;
    if (only === undefined || found.length > 1) throw new Error(`${found.length} named ${name}`);
    return only;
  }

  /** A network with one subnet `default`; returns the subnet's id. */
  network(name: string, space: string, prefix: string, group?: string, more: Body = {}): string {
    const value = resource("Microsoft.Network/virtualNetworks", name, {
      addressSpace: { addressPrefixes: [space] },
    });
    const properties = {
      addressPrefix: prefix,
      defaultOutboundAccess: false,
      ...(group === undefined ? {} : { networkSecurityGroup: ref(group) }),
      ...more,
    };
    value.properties.subnets = [child(value.id, "subnets", "default", properties)];
    this.put(value);
    return `${value.id}/subnets/default`;
  }

  /** A machine with one NIC. */
  machine(name: string, subnet: string, address: string, configuration: Body, customData?: string) {
    const nic = resource("Microsoft.Network/networkInterfaces", `${name}-nic`, {
      macAddress: `00-0D-3A-${address
        .split(".")
        .slice(1)
        .map((part) => Number(part).toString(16).padStart(2, "0").toUpperCase())
        .join("-")}`,
      enableIPForwarding: false,
    });
    nic.properties.ipConfigurations = [
      child(nic.id, "ipConfigurations", "ipconfig", {
        privateIPAddress: address,
        primary: true,
        subnet: ref(subnet),
        ...configuration,
      }),
    ];
    this.put(nic);
    this.put(
      resource("Microsoft.Compute/virtualMachines", name, {
        vmId: `uuid-${name}`,
        hardwareProfile: { vmSize: "Standard_B2ats_v2" },
        osProfile: {
          computerName: name,
          adminUsername: "azureuser",
          linuxConfiguration: { disablePasswordAuthentication: true },
          ...(customData === undefined ? {} : { customData }),
        },
        networkProfile: { networkInterfaces: [{ id: nic.id, properties: { primary: true } }] },
      }),
    );
  }

  #provider(options: FixtureOptions): void {
    const subnet = this.network(
      "provider-net",
      "10.7.0.0/16",
      "10.7.0.0/16",
      this.group("nva-nsg", []),
    );
    const lb = id("Microsoft.Network/loadBalancers", "gwlb");
    const { internal, external } = DEFAULTS;
    const pool = child(lb, "backendAddressPools", "nvas", {
      tunnelInterfaces: [
        { identifier: internal.vni, port: internal.port, protocol: "VXLAN", type: "Internal" },
        { identifier: external.vni, port: external.port, protocol: "VXLAN", type: "External" },
      ],
    });
    const probe = child(lb, "probes", "health", {
      protocol: "Http",
      port: DEFAULTS.probePort,
      requestPath: "/",
      intervalInSeconds: 5,
      probeThreshold: 1,
      ...options.probe,
    });
    this.put(
      resource(
        "Microsoft.Network/loadBalancers",
        "gwlb",
        {
          frontendIPConfigurations: [
            child(lb, "frontendIPConfigurations", "frontend", {
              privateIPAddress: "10.7.0.4",
              subnet: ref(subnet),
            }),
          ],
          backendAddressPools: [pool],
          probes: [probe],
          loadBalancingRules: [
            child(lb, "loadBalancingRules", "all", {
              protocol: "All",
              frontendPort: 0,
              backendPort: 0,
              frontendIPConfiguration: ref(GATEWAY_FRONTEND),
              backendAddressPools: [ref(pool.id)],
              probe: ref(probe.id),
              loadDistribution: options.loadDistribution ?? "Default",
            }),
          ],
        },
        { sku: { name: "Gateway" } },
      ),
    );
    for (let i = 0; i < (options.nvas ?? 1); i += 1) {
      const configuration = { loadBalancerBackendAddressPools: [ref(pool.id)] };
      this.machine(`nva${i + 1}`, subnet, `10.7.1.${5 + i}`, configuration, options.customData);
    }
  }

  #ilpip(chained: boolean): void {
    const group = this.group("app-nsg", [
      rule("any", 100, {
        protocol: "*",
        sourceAddressPrefix: "Internet",
        destinationPortRange: "*",
      }),
    ]);
    const subnet = this.network("app-net", "10.1.0.0/16", "10.1.0.0/24", group);
    const publicId = this.publicAddress("app-ip", ILPIP_ADDRESS);
    this.machine("app", subnet, "10.1.0.4", {
      publicIPAddress: ref(publicId),
      ...(chained ? { gatewayLoadBalancer: ref(GATEWAY_FRONTEND) } : {}),
    });
  }

  #balanced(webs: number, chained: boolean): void {
    const group = this.group("web-nsg", [
      rule("web", 100, {
        protocol: "Tcp",
        sourceAddressPrefix: "*",
        destinationPortRanges: ["22", "8080"],
      }),
      rule("dns", 110, { protocol: "Udp", sourceAddressPrefix: "*", destinationPortRange: "5353" }),
    ]);
    // The same address space as the other consumer's: on Azure they may overlap.
    const subnet = this.network("web-net", "10.1.0.0/16", "10.1.0.0/24", group);
    const publicId = this.publicAddress("web-ip", FRONTEND_ADDRESS);
    const lb = id("Microsoft.Network/loadBalancers", "weblb");
    const pool = child(lb, "backendAddressPools", "webs", {});
    const balance = (name: string, protocol: string, frontendPort: number, backendPort: number) =>
      child(lb, "loadBalancingRules", name, {
        protocol,
        frontendPort,
        backendPort,
        frontendIPConfiguration: ref(WEB_FRONTEND),
        backendAddressPools: [ref(pool.id)],
        disableOutboundSnat: true,
      });
    this.put(
      resource(
        "Microsoft.Network/loadBalancers",
        "weblb",
        {
          frontendIPConfigurations: [
            child(lb, "frontendIPConfigurations", "frontend", {
              publicIPAddress: ref(publicId),
              ...(chained ? { gatewayLoadBalancer: ref(GATEWAY_FRONTEND) } : {}),
            }),
          ],
          backendAddressPools: [pool],
          loadBalancingRules: [
            balance("web", "Tcp", 80, 8080),
            balance("ssh", "Tcp", 22, 22),
            balance("dns", "Udp", 53, 5353),
          ],
          outboundRules: [
            child(lb, "outboundRules", "out", {
              protocol: "All",
              backendAddressPool: ref(pool.id),
              frontendIPConfigurations: [ref(WEB_FRONTEND)],
            }),
          ],
        },
        { sku: { name: "Standard" } },
      ),
    );
    for (let i = 0; i < webs; i += 1) {
      this.machine(`web${i + 1}`, subnet, `10.1.0.${4 + i}`, {
        loadBalancerBackendAddressPools: [ref(pool.id)],
      });
    }
  }
}

/** An inbound rule that allows, unless `more` says otherwise. */
export const rule = (name: string, priority: number, more: Body) => ({
  name,
  properties: {
    priority,
    direction: "Inbound",
    access: "Allow",
    protocol: "*",
    sourceAddressPrefix: "*",
    sourcePortRange: "*",
    destinationAddressPrefix: "*",
    ...more,
  },
});
