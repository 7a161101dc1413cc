import { type ArmError, refuse } from "../errors";
import { parseId, sameId } from "../ids";
import { referenceProblems } from "../inUse";
import { childrenOf, refOf, refsOf } from "../resource";
import { behavesSo, refusalsOf } from "../rules";
import { list, readOnly, record, ref, served, text, whole } from "../schema";
import { docs, issue, recordings } from "../sources";
import type { Put, World } from "../world";
import {
  networkName,
  type ResourceType,
  resourceGuid,
  topLevel,
  withProperties,
} from "./definition";
import { zoneChange } from "./fixedAtCreation";
import { takenProblems } from "./publicIPAddress";

behavesSo("Microsoft.Network/natGateways", {
  says: "A NAT gateway has an idle timeout of 4 minutes unless it says otherwise.",
  recorded: `PUT of a NAT gateway without one; ${recordings.operator}`,
});

const refusals = refusalsOf("Microsoft.Network/natGateways", {
  sku: {
    code: "NatGatewaySkuMissing",
    says: "A NAT gateway is of SKU Standard.",
    ours: true,
    assumed: "The types know one SKU; no source shows the refusal of none.",
  },
  used: {
    code: "CannotDeleteNatGatewayAssociatedToSubnet",
    says: "A NAT gateway stays while a subnet has it.",
    reported: issue("Azure-Samples/Copilot-Studio-with-Azure-AI-Search", 62),
  },
  absent: {
    code: "NotFound",
    says: "The addresses of a NAT gateway are there.",
    http: 404,
    recorded: `PUT with an address that is missing; ${recordings.operator}`,
  },
  ipv6: {
    code: "NatGatewayDoesNotSupportIPv6",
    says: "The addresses of a NAT gateway are IPv4.",
    ours: true,
    documented: docs.natGateway,
  },
});

/** Outbound access for subnets; it cannot be chained to a Gateway Load Balancer. */
export const natGateway: ResourceType = {
  type: "Microsoft.Network/natGateways",
  token: "azure-native:network:NatGateway",
  getter: "azure-native:network:getNatGateway",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "natGatewayName"],
  name: networkName(),
  located: true,
  shape: topLevel(
    {
      idleTimeoutInMinutes: whole(4, 120),
      publicIpAddresses: list(ref, 0, 16),
      subnets: readOnly(list(ref)),
      type: served,
      ...resourceGuid,
    },
    {
      sku: record({ name: text("Standard"), tier: text("Regional") }),
      zones: list(text("1", "2", "3"), 0, 1),
    },
  ),
  prepare({ desired }) {
    desired.properties.idleTimeoutInMinutes ??= 4;
    desired.properties.type = "Public";
    if (desired.sku !== undefined) desired.sku.tier ??= "Regional";
  },
  ownRules: [
    function* sku({ desired }) {
      if (desired.sku?.name === "Standard") return;
      yield refuse(refusals.sku, "sku.name of a NAT gateway must be Standard.", "sku.name");
    },
    function* zones({ desired, existing }) {
      if (existing !== undefined) yield* zoneChange(desired, existing);
    },
  ],
  rules: [addresses],
  deleteRules: [
    function* used(existing, world) {
      const users = subnetsOf(existing.id, world);
      if (users.length > 0) {
        yield refuse(
          refusals.used,
          `NAT Gateway ${existing.id} is still configured on ${users.length} subnets. Remove NAT Gateway from all referenced subnets and then delete NAT Gateway.`,
          existing.id,
        );
      }
    },
  ],
  present(stored, world) {
    const subnets = subnetsOf(stored.id, world).map((id) => ({ id }));
    return withProperties(stored, { subnets: subnets.length > 0 ? subnets : undefined });
  },
};

const subnetsOf = (id: string, world: World): string[] =>
  world
    .usersOf(id)
    .flatMap((network) => childrenOf(network, "subnets"))
    .filter((subnet) => sameId(refOf(subnet.properties.natGateway), id))
    .map((subnet) => subnet.id);

function* addresses(put: Put): Generator<ArmError> {
  for (const [i, id] of refsOf(put.desired.properties.publicIpAddresses).entries()) {
    const path = `properties.publicIpAddresses[${i}]`;
    if (parseId(id) !== undefined && put.world.find(id) === undefined) {
      yield refuse(refusals.absent, `Resource ${id} not found.`, `${path}.id`);
      continue;
    }
    const wrong = [
      ...referenceProblems(put, id, ["Microsoft.Network/publicIPAddresses"], path),
      ...takenProblems(put, id, put.desired.id, path),
    ];
    yield* wrong;
    if (wrong.length > 0) continue;
    if (put.world.get(id)?.properties.publicIPAddressVersion === "IPv6") {
      yield refuse(refusals.ipv6, `${id} is an IPv6 address.`, `${path}.id`);
    }
  }
}
