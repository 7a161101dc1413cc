import { type ArmError, refuse } from "../errors";
import { keyOf } from "../ids";
import { inUse, namedBy, referenceProblems } from "../inUse";
import { freeAddressIn, freePublicAddress } from "../publicAddressing";
import { asBody, asText, refOf, refsOf } from "../resource";
import { behavesSo, refusalsOf } from "../rules";
import { list, readOnly, record, ref, text, whole } from "../schema";
import { docs, issue, quoted, recordings } from "../sources";
import type { Put, World } from "../world";
import {
  networkName,
  type ResourceType,
  resourceGuid,
  topLevel,
  withProperties,
} from "./definition";
import { skuChange, zoneChange } from "./fixedAtCreation";

behavesSo("Microsoft.Network/publicIPAddresses", {
  says: "An address is IPv4 with an idle timeout of 4 minutes unless it says otherwise.",
  recorded: `PUT of an address without either; ${recordings.operator}`,
});

const refusals = refusalsOf("Microsoft.Network/publicIPAddresses", {
  used: {
    code: "PublicIPAddressCannotBeDeleted",
    says: "An address stays while something has it.",
    recorded: `DELETE of an address that a frontend has; ${recordings.operator}`,
  },
  taken: {
    code: "PublicIPAddressInUse",
    says: "An address is given to one resource.",
    reported: quoted("PublicIPAddressInUse"),
  },
  basic: {
    code: "BasicSkuPublicIPAddressRetired",
    says: "An address is of SKU Standard: Basic was retired on 2025-09-30.",
    ours: true,
    documented: docs.skus,
  },
  static: {
    code: "StandardSkuPublicIPAddressesMustBeStatic",
    says: "A Standard address is allocated statically.",
    reported: issue("pulumi/pulumi-azure-native", 1597),
  },
  none: {
    code: "AllocationFailed",
    says: "The region has a free address.",
    assumed: "The lab's ranges end; the code is Compute's for a region without room.",
  },
  prefix: {
    code: "PublicIPPrefixCannotBeChanged",
    says: "The prefix that an address is of is fixed at creation.",
    ours: true,
    documented: docs.publicPrefixes,
  },
  full: {
    code: "PublicIPPrefixHasNoFreeAddress",
    says: "A prefix has an address left for a new one.",
    ours: true,
    documented: docs.publicPrefixes,
  },
  version: {
    code: "PropertyChangeNotSupported",
    says: "The IP version is fixed at creation.",
    ours: true,
    assumed: "azure-native replaces the address instead; no source shows the service's own words.",
  },
  label: {
    code: "InvalidDomainNameLabel",
    says: "A domain name label has 3 to 63 lower-case letters, digits and hyphens.",
    reported: quoted("InvalidDomainNameLabel"),
  },
  labelTaken: {
    code: "DnsRecordInUse",
    says: "A domain name label is that of one address of the region.",
    documented: docs.apiErrors,
  },
});

/** A public address. Basic ones were retired on 2025-09-30: only Standard, only Static. */
export const publicIPAddress: ResourceType = {
  type: "Microsoft.Network/publicIPAddresses",
  token: "azure-native:network:PublicIPAddress",
  getter: "azure-native:network:getPublicIPAddress",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "publicIpAddressName"],
  name: networkName(),
  located: true,
  replaces: ["location", "publicIPAddressVersion", "publicIPPrefix", "sku"],
  shape: topLevel(
    {
      publicIPAddressVersion: text("IPv4", "IPv6"),
      publicIPAllocationMethod: text("Static", "Dynamic"),
      idleTimeoutInMinutes: whole(4, 30),
      ipAddress: text(),
      deleteOption: text("Delete", "Detach"),
      dnsSettings: record({
        domainNameLabel: text(),
        domainNameLabelScope: text(
          "TenantReuse",
          "SubscriptionReuse",
          "ResourceGroupReuse",
          "NoReuse",
        ),
        fqdn: text(),
        reverseFqdn: text(),
      }),
      ddosSettings: record({
        protectionMode: text("VirtualNetworkInherited", "Enabled", "Disabled"),
        ddosProtectionPlan: ref,
      }),
      ipTags: list(record({ ipTagType: text(), tag: text() })),
      publicIPPrefix: ref,
      ipConfiguration: readOnly(ref),
      natGateway: readOnly(ref),
      ...resourceGuid,
    },
    {
      sku: record({
        name: text("Basic", "Standard", "StandardV2"),
        tier: text("Regional", "Global"),
      }),
      zones: list(text("1", "2", "3")),
    },
  ),
  prepare,
  ownRules: [changeRules, skuRules],
  rules: [prefixRules, addressRules, labelRules],
  deleteRules: [
    function* used(existing, world) {
      const users = usersOf(existing.id, world);
      if (users.length > 0) yield inUse(refusals.used, existing.id, users);
    },
  ],
  present(stored, world) {
    const nat = world.usersOf(stored.id).find((user) => user.type === NAT);
    const user = usersOf(stored.id, world)[0];
    return withProperties(stored, {
      ipConfiguration: nat === undefined && user !== undefined ? { id: user } : undefined,
      natGateway: nat === undefined ? undefined : { id: nat.id },
    });
  },
};

const NAT = "Microsoft.Network/natGateways";

/** Ids of the IP configurations, frontends and NAT gateways that hold a public address. */
export function usersOf(id: string, world: World): string[] {
  return world.usersOf(id).flatMap((user) => {
    const parts = [
      ...namedBy(user, "ipConfigurations", "publicIPAddress", id),
      ...namedBy(user, "frontendIPConfigurations", "publicIPAddress", id),
    ];
    return parts.length > 0 ? parts.map((part) => part.id) : [user.id];
  });
}

/** Why a public address is not free for `part` of the resource that is being written. */
export function* takenProblems(put: Put, id: string, part: string, path: string) {
  for (const user of put.world.usersOf(id)) {
    if (user.id.toLowerCase() === put.desired.id.toLowerCase()) continue;
    const holder = usersOf(id, put.world).find((held) => held.toLowerCase() !== part.toLowerCase());
    yield refuse(
      refusals.taken,
      `Resource ${part} is referencing public IP address ${id} that is already allocated to resource ${holder ?? user.id}.`,
      `${path}.properties.publicIPAddress.id`,
    );
    return;
  }
}

function prepare(put: Put): void {
  const { desired, existing } = put;
  const { properties } = desired;
  properties.publicIPAddressVersion ??= "IPv4";
  properties.publicIPAllocationMethod ??= "Dynamic";
  properties.idleTimeoutInMinutes ??= 4;
  properties.ipTags ??= [];
  if (properties.publicIPAllocationMethod === "Static") {
    properties.ddosSettings = {
      protectionMode: "VirtualNetworkInherited",
      ...asBody(properties.ddosSettings),
    };
  }
  desired.sku = { name: "Basic", tier: "Regional", ...desired.sku };
  const family = properties.publicIPAddressVersion === "IPv6" ? 6 : 4;
  const prefix = put.world.get(refOf(properties.publicIPPrefix) ?? "");
  properties.ipAddress =
    existing?.properties.ipAddress ??
    (prefix === undefined
      ? freePublicAddress(put, family)
      : freeAddressIn(asText(prefix.properties.ipPrefix) ?? "", put));
  const label = asText(asBody(properties.dnsSettings)?.domainNameLabel);
  if (label !== undefined) {
    const fqdn = `${label}.${desired.location}.cloudapp.azure.com`;
    properties.dnsSettings = { ...asBody(properties.dnsSettings), fqdn };
  }
}

function* skuRules({ desired, existing }: Put): Generator<ArmError> {
  if (desired.sku?.name === "Basic" && (existing === undefined || existing.sku?.name === "Basic")) {
    yield refuse(
      refusals.basic,
      `Public IP address ${desired.id} has the Basic SKU, which is retired: set sku.name to Standard.`,
      "sku.name",
    );
    return;
  }
  if (desired.properties.publicIPAllocationMethod !== "Static") {
    yield refuse(
      refusals.static,
      `Standard sku publicIp ${desired.id} must have AllocationMethod set to Static.`,
      "properties.publicIPAllocationMethod",
    );
  }
}

/** The prefix that an address is of: there, in its region, and fixed. */
function* prefixRules(put: Put): Generator<ArmError> {
  const { desired, existing, world } = put;
  const id = refOf(desired.properties.publicIPPrefix);
  const path = "properties.publicIPPrefix";
  const before = refOf(existing?.properties.publicIPPrefix);
  if (existing !== undefined && keyOf(before ?? "") !== keyOf(id ?? "")) {
    yield refuse(
      refusals.prefix,
      `The public IP prefix of ${desired.id} cannot be changed from ${before ?? "none"} to ${id ?? "none"}.`,
      path,
    );
  }
  if (id === undefined) return;
  yield* referenceProblems(put, id, ["Microsoft.Network/publicIPPrefixes"], path);
  const prefix = world.get(id);
  if (prefix !== undefined && desired.properties.ipAddress === undefined) {
    yield refuse(refusals.full, `Public IP prefix ${id} has no free address.`, path);
  }
}

function* addressRules({ desired }: Put): Generator<ArmError> {
  if (desired.properties.publicIPPrefix !== undefined) return;
  if (desired.properties.ipAddress !== undefined) return;
  yield refuse(refusals.none, "No public IP address is left in the region.", desired.id);
}

/** Properties that a public address keeps for life; azure-native replaces for most of it. */
function* changeRules({ desired, existing }: Put): Generator<ArmError> {
  if (existing === undefined) return;
  yield* skuChange(desired, existing);
  const fixed: [string, unknown, unknown][] = [
    [
      "properties.publicIPAddressVersion",
      existing.properties.publicIPAddressVersion,
      desired.properties.publicIPAddressVersion,
    ],
  ];
  for (const [path, before, after] of fixed) {
    if (before === after) continue;
    yield refuse(
      refusals.version,
      `${path} of ${desired.id} cannot be changed from ${before} to ${after}.`,
      path,
    );
  }
  yield* zoneChange(desired, existing);
}

function* labelRules({ desired, world }: Put): Generator<ArmError> {
  const label = asText(asBody(desired.properties.dnsSettings)?.domainNameLabel);
  if (label === undefined) return;
  const path = "properties.dnsSettings.domainNameLabel";
  if (!/^[a-z][a-z0-9-]{1,61}[a-z0-9]$/.test(label)) {
    yield refuse(
      refusals.label,
      `The domain name label ${label} is invalid. It must conform to the following regular expression: ^[a-z][a-z0-9-]{1,61}[a-z0-9]$.`,
      path,
    );
  }
  for (const other of world.all()) {
    if (other.type !== desired.type || other.id === desired.id) continue;
    if (other.location !== desired.location) continue;
    if (asBody(other.properties.dnsSettings)?.domainNameLabel !== label) continue;
    yield refuse(
      refusals.labelTaken,
      `DNS record ${label} is already used by another public IP.`,
      path,
    );
  }
}

/** Ids of public addresses that a list of references names. */
export const publicAddressIds = (value: unknown): string[] => refsOf(value);
