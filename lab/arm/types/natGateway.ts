import { type ArmError, refuse } from "../errors";
import { inUse, referenceProblems } from "../inUse";
import { childrenOf, refOf, refsOf } from "../resource";
import { list, readOnly, record, ref, text, whole } from "../schema";
import type { Put } from "../world";
import {
  networkName,
  type ResourceType,
  resourceGuid,
  topLevel,
  withProperties,
} from "./definition";
import { takenProblems, zoneChange } from "./publicIPAddress";

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
      ...resourceGuid,
    },
    { sku: record({ name: text("Standard") }), zones: list(text("1", "2", "3"), 0, 1) },
  ),
  prepare({ desired }) {
    desired.properties.idleTimeoutInMinutes ??= 4;
  },
  rules: [
    function* sku({ desired }) {
      if (desired.sku?.name === "Standard") return;
      yield refuse(
        "NatGatewaySkuMissing",
        "sku.name of a NAT gateway must be Standard.",
        "sku.name",
      );
    },
    addresses,
    function* zones({ desired, existing }) {
      if (existing !== undefined) yield* zoneChange(desired, existing);
    },
  ],
  deleteRules: [
    function* used(existing, world) {
      const users = world.usersOf(existing.id).map((user) => user.id);
      if (users.length > 0) yield inUse("InUseNatGatewayCannotBeDeleted", existing.id, users);
    },
  ],
  present(stored, world) {
    const subnets = world
      .usersOf(stored.id)
      .flatMap((network) => childrenOf(network, "subnets"))
      .filter((s) => refOf(s.properties.natGateway)?.toLowerCase() === stored.id.toLowerCase())
      .map(({ id }) => ({ id }));
    return withProperties(stored, { subnets: subnets.length > 0 ? subnets : undefined });
  },
};

function* addresses(put: Put): Generator<ArmError> {
  for (const [i, id] of refsOf(put.desired.properties.publicIpAddresses).entries()) {
    const path = `properties.publicIpAddresses[${i}]`;
    const wrong = [
      ...referenceProblems(put, id, ["Microsoft.Network/publicIPAddresses"], path),
      ...takenProblems(put, id, put.desired.id, path),
    ];
    yield* wrong;
    if (wrong.length > 0) continue;
    if (put.world.get(id)?.properties.publicIPAddressVersion === "IPv6") {
      yield refuse("NatGatewayDoesNotSupportIPv6", `${id} is an IPv6 address.`, `${path}.id`);
    }
  }
}
