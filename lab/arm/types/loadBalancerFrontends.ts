import { addressProblems } from "../addressing";
import { namedChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { keyOf } from "../ids";
import { referenceProblems, removedChildren } from "../inUse";
import { asTexts, type Child, childrenOf, refOf } from "../resource";
import { refusalsOf } from "../rules";
import { docs, issue } from "../sources";
import type { Put } from "../world";
import { chainProblems, chainsTo, heldByChains } from "./chain";
import { takenProblems } from "./publicIPAddress";

const refusals = refusalsOf("Microsoft.Network/loadBalancers", {
  last: {
    code: "DeletingAllIpConfigsInLoadbalancerNotSupported",
    says: "A load balancer that has frontends keeps one of them.",
    reported: issue("hashicorp/terraform-provider-azurerm", 31245),
  },
  childless: {
    code: "LoadBalancerWithoutFrontendIPCantHaveChildResources",
    says: "A load balancer with rules has a frontend.",
    documented: docs.balancerErrors,
  },
  twice: {
    code: "PublicIPReferencedByMultipleIPConfigs",
    says: "A public address is that of one frontend.",
    reported: issue("hashicorp/terraform-provider-azurerm", 31245),
  },
  neither: {
    code: "FrontendIPConfigHasNoSubnetOrPublicIP",
    says: "A frontend is in a subnet or has a public address.",
    reported: issue("ernestio/ernest", 480),
  },
  both: {
    code: "FrontendIPConfigHasBothSubnetAndPublicIP",
    says: "A frontend has not both a subnet and a public address.",
    reported: issue("hashicorp/terraform-provider-azurerm", 1622),
  },
  isPrivate: {
    code: "GatewayLoadBalancerFrontendMustBePrivate",
    says: "A frontend of SKU Gateway is in a subnet.",
    ours: true,
    assumed: "Every template puts it there; no source shows the refusal of a public one.",
  },
  sku: {
    code: "PublicIPAndLBSkuDoNotMatch",
    says: "A load balancer and its public addresses have one SKU.",
    reported: issue("Azure/terraform-azurerm-loadbalancer", 32),
  },
  zones: {
    code: "LoadBalancerFrontendIPConfigCannotHaveZoneWhenReferencingPublicIPAddress",
    says: "A public frontend has no zones of its own: they are those of the address.",
    reported: issue("hashicorp/terraform-provider-azurerm", 1967),
  },
  zonesFixed: {
    code: "ResourceAvailabilityZonesCannotBeModified",
    says: "The zones of a frontend are fixed at its creation.",
    reported: issue("Azure/azure-powershell", 14326),
  },
  subnetFixed: {
    code: "FrontendIPConfigurationSubnetCannotBeChanged",
    says: "The subnet of a frontend is fixed at its creation.",
    ours: true,
    assumed: "The service's answer to another subnet is not known.",
  },
});

/** Frontends of a load balancer: where they stand, what they may change, what they are chained to. */
export function* frontendRules(put: Put): Generator<ArmError> {
  const frontends = namedChildren(put, "frontendIPConfigurations");
  const { desired, existing } = put;
  const had = childrenOf(existing ?? { properties: {} }, "frontendIPConfigurations").length;
  if (frontends.length === 0 && had > 0) {
    yield refuse(
      refusals.last,
      `Deleting all IP configurations of load balancer ${desired.id} is not supported: it has ${had}.`,
      "properties.frontendIPConfigurations",
    );
  }
  const others = ["loadBalancingRules", "inboundNatRules", "outboundRules"].some(
    (collection) => childrenOf(desired, collection).length > 0,
  );
  if (frontends.length === 0 && others) {
    yield refuse(
      refusals.childless,
      `Load balancer ${desired.id} has no frontend IP configuration and cannot have rules.`,
      "properties.frontendIPConfigurations",
    );
  }
  const addresses = new Map<string, string>();
  for (const [frontend, path] of frontends) {
    const address = keyOf(refOf(frontend.properties.publicIPAddress) ?? "");
    const other = addresses.get(address);
    if (address !== "" && other !== undefined) {
      yield refuse(
        refusals.twice,
        `Public IP address ${address} is referenced by multiple IP configurations: ${other}, ${frontend.id}.`,
        `${path}.properties.publicIPAddress.id`,
      );
    }
    addresses.set(address, frontend.id);
    yield* placeProblems(put, frontend, path);
    if (frontend.properties.gatewayLoadBalancer !== undefined) {
      yield* chainProblems(put, frontend, path);
    }
  }
  for (const gone of removedChildren(existing, desired, "frontendIPConfigurations")) {
    const chains = chainsTo(gone.id, put.world);
    if (chains.length > 0) yield heldByChains(gone.id, chains);
  }
}

function* placeProblems(put: Put, frontend: Child, path: string): Generator<ArmError> {
  const { publicIPAddress, subnet } = frontend.properties;
  const gateway = put.desired.sku?.name === "Gateway";
  if ((publicIPAddress === undefined) === (subnet === undefined)) {
    yield publicIPAddress === undefined
      ? refuse(
          refusals.neither,
          `Frontend IP Configuration ${frontend.id} must reference either a Subnet or a Public IP Address.`,
          path,
        )
      : refuse(
          refusals.both,
          `Frontend IP Configuration ${frontend.id} must not reference both a Subnet and a Public IP Address.`,
          path,
        );
    return;
  }
  if (gateway && publicIPAddress !== undefined) {
    yield refuse(
      refusals.isPrivate,
      `Frontend ${frontend.id} of a Gateway SKU load balancer has a public IP address; only private frontends are possible.`,
      `${path}.properties.publicIPAddress`,
    );
    return;
  }
  if (subnet !== undefined) {
    const wrong = [
      ...referenceProblems(
        put,
        refOf(subnet),
        ["Microsoft.Network/virtualNetworks/subnets"],
        `${path}.properties.subnet`,
      ),
    ];
    yield* wrong;
    if (wrong.length === 0) yield* addressProblems(put, frontend, path);
    return;
  }
  yield* publicProblems(put, frontend, path);
}

function* publicProblems(put: Put, frontend: Child, path: string): Generator<ArmError> {
  const id = refOf(frontend.properties.publicIPAddress);
  const at = `${path}.properties.publicIPAddress`;
  const wrong = [...referenceProblems(put, id, ["Microsoft.Network/publicIPAddresses"], at)];
  yield* wrong;
  if (wrong.length > 0 || id === undefined) return;
  yield* takenProblems(put, id, frontend.id, path);
  const sku = put.world.get(id)?.sku?.name;
  if (sku !== put.desired.sku?.name) {
    yield refuse(
      refusals.sku,
      `${put.desired.sku?.name} sku load balancer ${put.desired.id} cannot reference ${sku} sku publicIP ${id}.`,
      at,
    );
  }
  if (asTexts(frontend.zones).length > 0) {
    yield refuse(
      refusals.zones,
      `Frontend ${frontend.id} has zones and a public IP address: the zones are those of the address.`,
      `${path}.zones`,
    );
  }
}

/** Problems of a frontend whose fixed properties change. */
export function* fixedFrontends(put: Put): Generator<ArmError> {
  const before = childrenOf(put.existing ?? { properties: {} }, "frontendIPConfigurations");
  for (const [frontend, path] of namedChildren(put, "frontendIPConfigurations")) {
    const old = before.find((other) => keyOf(other.id) === keyOf(frontend.id));
    if (old !== undefined) yield* changeProblems(frontend, old, path);
  }
}

/**
 * Zones and subnet of a frontend are fixed. azure-native plans such a change as an update, and
 * the service refuses it.
 */
function* changeProblems(frontend: Child, before: Child, path: string): Generator<ArmError> {
  const zones = (part: Child) => [...asTexts(part.zones)].sort().join(",") || "NoZone";
  if (zones(frontend) !== zones(before)) {
    yield refuse(
      refusals.zonesFixed,
      `Resource ${frontend.id} has an existing availability zone constraint ${zones(before)} and the request has availability zone constraint ${zones(frontend)}, which do not match. Zones cannot be added/updated/removed once the resource is created.`,
      `${path}.zones`,
    );
  }
  const subnet = (part: Child) => keyOf(refOf(part.properties.subnet) ?? "");
  if (subnet(frontend) !== subnet(before)) {
    yield refuse(
      refusals.subnetFixed,
      `The subnet of frontend ${frontend.id} cannot be changed from ${refOf(before.properties.subnet)} to ${refOf(frontend.properties.subnet)}.`,
      `${path}.properties.subnet`,
    );
  }
}
