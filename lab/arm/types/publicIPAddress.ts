import { freePublicAddress } from "../addressing";
import { type ArmError, refuse } from "../errors";
import { inUse, namedBy } from "../inUse";
import { asBody, asText, asTexts, refsOf, type StoredResource } from "../resource";
import { rule } from "../rules";
import { list, readOnly, record, ref, text, whole } from "../schema";
import type { Put, World } from "../world";
import {
  networkName,
  type ResourceType,
  resourceGuid,
  topLevel,
  withProperties,
} from "./definition";

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
  rules: [addressRules, labelRules],
  deleteRules: [
    function* used(existing, world) {
      const users = usersOf(existing.id, world);
      if (users.length > 0) yield inUse("PublicIPAddressCannotBeDeleted", existing.id, users);
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
      "PublicIPAddressInUse",
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
  properties.ipAddress = existing?.properties.ipAddress ?? freePublicAddress(put, family);
  const label = asText(asBody(properties.dnsSettings)?.domainNameLabel);
  if (label !== undefined) {
    const fqdn = `${label}.${desired.location}.cloudapp.azure.com`;
    properties.dnsSettings = { ...asBody(properties.dnsSettings), fqdn };
  }
}

const mustBeStatic = rule(
  "StandardSkuPublicIPAddressesMustBeStatic",
  "A Standard public address is allocated statically.",
  { status: "reported", source: "users of terraform and az" },
);

const skuIsFixed = rule(
  "SkuCannotBeChangedOnUpdate",
  "The SKU of a public address or load balancer is set at its creation.",
  { status: "reported", source: "users of az; the same sentence is assumed for load balancers" },
);

function* skuRules({ desired, existing }: Put): Generator<ArmError> {
  if (desired.sku?.name === "Basic" && (existing === undefined || existing.sku?.name === "Basic")) {
    // Basic public addresses were retired on 2025-09-30; the spelling of the code is ours.
    yield refuse(
      "BasicSkuPublicIPAddressRetired",
      `Public IP address ${desired.id} has the Basic SKU, which is retired: set sku.name to Standard.`,
      "sku.name",
    );
    return;
  }
  if (desired.properties.publicIPAllocationMethod !== "Static") {
    yield mustBeStatic.refuse(
      `Standard sku publicIp ${desired.id} must have AllocationMethod set to Static.`,
      "properties.publicIPAllocationMethod",
    );
  }
}

function* addressRules({ desired }: Put): Generator<ArmError> {
  if (desired.properties.ipAddress !== undefined) return;
  yield refuse("AllocationFailed", "No public IP address is left in the region.", desired.id);
}

/** What never changes in a public address; azure-native replaces for most of it. */
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
      "PropertyChangeNotSupported",
      `${path} of ${desired.id} cannot be changed from ${before} to ${after}.`,
      path,
    );
  }
  yield* zoneChange(desired, existing);
}

/** The SKU is fixed at creation, of public addresses as of load balancers. */
export function* skuChange(desired: StoredResource, existing: StoredResource): Generator<ArmError> {
  for (const field of ["name", "tier"]) {
    const [before, after] = [existing.sku?.[field], desired.sku?.[field]];
    if (before === after) continue;
    yield skuIsFixed.refuse(
      `Sku property is set at creation time and cannot be changed from ${before} to ${after} on resource update for resource ${desired.id}.`,
      `sku.${field}`,
    );
  }
}

/** Zones are fixed at creation, of public addresses as of most resources. */
export function* zoneChange(
  desired: StoredResource,
  existing: StoredResource,
): Generator<ArmError> {
  const before = asTexts(existing.zones).join(",") || "NoZone";
  const after = asTexts(desired.zones).join(",") || "NoZone";
  if (before === after) return;
  yield refuse(
    "ResourceAvailabilityZonesCannotBeModified",
    `Resource ${desired.id} has an existing availability zone constraint ${before} and the request has availability zone constraint ${after}, which do not match. Zones cannot be added/updated/removed once the resource is created.`,
    "zones",
  );
}

function* labelRules({ desired, world }: Put): Generator<ArmError> {
  const label = asText(asBody(desired.properties.dnsSettings)?.domainNameLabel);
  if (label === undefined) return;
  const path = "properties.dnsSettings.domainNameLabel";
  if (!/^[a-z][a-z0-9-]{1,61}[a-z0-9]$/.test(label)) {
    yield refuse(
      "InvalidDomainNameLabel",
      `The domain name label ${label} is invalid. It must conform to the following regular expression: ^[a-z][a-z0-9-]{1,61}[a-z0-9]$.`,
      path,
    );
  }
  for (const other of world.all()) {
    if (other.type !== desired.type || other.id === desired.id) continue;
    if (other.location !== desired.location) continue;
    if (asBody(other.properties.dnsSettings)?.domainNameLabel !== label) continue;
    yield refuse(
      "DnsRecordInUse",
      `DNS record ${label} is already used by another public IP.`,
      path,
    );
  }
}

/** Ids of public addresses that a list of references names. */
export const publicAddressIds = (value: unknown): string[] => refsOf(value);
