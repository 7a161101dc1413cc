import { addressProblems } from "../addressing";
import { namedChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { keyOf } from "../ids";
import { inUse, referenceProblems, removedChildren } from "../inUse";
import { asTexts, type Child, childrenOf, refOf } from "../resource";
import { rule } from "../rules";
import type { Put } from "../world";
import { chainProblems, chainsTo } from "./chain";
import { takenProblems } from "./publicIPAddress";

const neither = rule(
  "FrontendIPConfigHasNoSubnetOrPublicIP",
  "A frontend is in a subnet or has a public address.",
  { status: "reported", source: "users of terraform and bicep" },
);
const both = rule(
  "FrontendIPConfigHasBothSubnetAndPublicIP",
  "A frontend has not both a subnet and a public address.",
  { status: "reported", source: "users of terraform and bicep" },
);
const referencedTwice = rule(
  "PublicIPReferencedByMultipleIPConfigs",
  "A public address is that of one frontend only.",
  { status: "reported", source: "users of terraform" },
);
const lastFrontend = rule(
  "DeletingAllIpConfigsInLoadbalancerNotSupported",
  "A load balancer that has frontends keeps one of them.",
  { status: "reported", source: "users of terraform" },
);

/** Frontends of a load balancer: where they stand, what they may change, what they are chained to. */
export function* frontendRules(put: Put): Generator<ArmError> {
  const frontends = namedChildren(put, "frontendIPConfigurations");
  const { desired, existing } = put;
  const had = childrenOf(existing ?? { properties: {} }, "frontendIPConfigurations").length;
  if (frontends.length === 0 && had > 0) {
    yield lastFrontend.refuse(
      `Deleting all IP configurations of load balancer ${desired.id} is not supported: it has ${had}.`,
      "properties.frontendIPConfigurations",
    );
  }
  const others = ["loadBalancingRules", "inboundNatRules", "outboundRules"].some(
    (collection) => childrenOf(desired, collection).length > 0,
  );
  if (frontends.length === 0 && others) {
    yield refuse(
      "LoadBalancerWithoutFrontendIPCantHaveChildResources",
      `Load balancer ${desired.id} has no frontend IP configuration and cannot have rules.`,
      "properties.frontendIPConfigurations",
    );
  }
  const addresses = new Map<string, string>();
  for (const [frontend, path] of frontends) {
    const address = keyOf(refOf(frontend.properties.publicIPAddress) ?? "");
    const other = addresses.get(address);
    if (address !== "" && other !== undefined) {
      yield referencedTwice.refuse(
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
    // Not documented: the harsher reading is that a chained frontend cannot go.
    if (chains.length > 0) yield inUse("GatewayLoadBalancerInUseByChain", gone.id, chains);
  }
}

function* placeProblems(put: Put, frontend: Child, path: string): Generator<ArmError> {
  const { publicIPAddress, subnet } = frontend.properties;
  const gateway = put.desired.sku?.name === "Gateway";
  if ((publicIPAddress === undefined) === (subnet === undefined)) {
    yield publicIPAddress === undefined
      ? neither.refuse(
          `Frontend IP Configuration ${frontend.id} must reference either a Subnet or a Public IP Address.`,
          path,
        )
      : both.refuse(
          `Frontend IP Configuration ${frontend.id} must not reference both a Subnet and a Public IP Address.`,
          path,
        );
    return;
  }
  if (gateway && publicIPAddress !== undefined) {
    yield refuse(
      "GatewayLoadBalancerFrontendMustBePrivate",
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
      "PublicIPAndLBSkuDoNotMatch",
      `${put.desired.sku?.name} sku load balancer ${put.desired.id} cannot reference ${sku} sku publicIP ${id}.`,
      at,
    );
  }
  if (asTexts(frontend.zones).length > 0) {
    yield refuse(
      "LoadBalancerFrontendIPConfigCannotHaveZoneWhenReferencingPublicIPAddress",
      `Frontend ${frontend.id} has zones and a public IP address: the zones are those of the address.`,
      `${path}.zones`,
    );
  }
}

/** What a frontend keeps for its life. */
export function* fixedFrontends(put: Put): Generator<ArmError> {
  const before = childrenOf(put.existing ?? { properties: {} }, "frontendIPConfigurations");
  for (const [frontend, path] of namedChildren(put, "frontendIPConfigurations")) {
    const old = before.find((other) => keyOf(other.id) === keyOf(frontend.id));
    if (old !== undefined) yield* changeProblems(frontend, old, path);
  }
}

/**
 * Zones and subnet of a frontend are fixed. azure-native plans such a change as an update, and
 * the service refuses it; the codes' spelling for the subnet is ours.
 */
function* changeProblems(frontend: Child, before: Child, path: string): Generator<ArmError> {
  const zones = (part: Child) => [...asTexts(part.zones)].sort().join(",") || "NoZone";
  if (zones(frontend) !== zones(before)) {
    yield refuse(
      "ResourceAvailabilityZonesCannotBeModified",
      `Resource ${frontend.id} has an existing availability zone constraint ${zones(before)} and the request has availability zone constraint ${zones(frontend)}, which do not match. Zones cannot be added/updated/removed once the resource is created.`,
      `${path}.zones`,
    );
  }
  const subnet = (part: Child) => keyOf(refOf(part.properties.subnet) ?? "");
  if (subnet(frontend) !== subnet(before)) {
    yield refuse(
      "FrontendIPConfigurationSubnetCannotBeChanged",
      `The subnet of frontend ${frontend.id} cannot be changed from ${refOf(before.properties.subnet)} to ${refOf(frontend.properties.subnet)}.`,
      `${path}.properties.subnet`,
    );
  }
}
