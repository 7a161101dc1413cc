/** Chaining a consumer to a Gateway Load Balancer. */
import { versionOf } from "../addressing";
import { type ArmError, refuse } from "../errors";
import { isUnder } from "../ids";
import { namedBy, referenceProblems } from "../inUse";
import { asText, type Child, childrenOf, refOf, type StoredResource } from "../resource";
import type { Put, World } from "../world";

/** Frontends of this type are what a chain points at: the frontend's id, not the load balancer's. */
export const FRONTEND_TYPE = "Microsoft.Network/loadBalancers/frontendIPConfigurations";

/** Most chains that one Gateway Load Balancer takes, frontends and NIC configurations together. */
export const MAX_CHAINS = 100;

/** Parts of a resource that can be chained. */
const chainable = ["ipConfigurations", "frontendIPConfigurations"];

/** Ids of the frontends and IP configurations that are chained to a load balancer or one frontend. */
export function chainsTo(id: string, world: World): string[] {
  return world.usersOf(id).flatMap((user) => chainsOf(user, id));
}

const chainsOf = (user: StoredResource, id: string): string[] =>
  chainable
    .flatMap((collection) => namedBy(user, collection, "gatewayLoadBalancer", id))
    .map((part) => part.id);

/**
 * What is wrong with the chain of one frontend or IP configuration. Only a Standard public
 * address can be chained, to a frontend of a Gateway SKU load balancer, of the same IP version
 * and in the same region (another region was named until 2023 and is not any more).
 */
export function* chainProblems(put: Put, part: Child, path: string): Generator<ArmError> {
  const target = refOf(part.properties.gatewayLoadBalancer);
  const at = `${path}.properties.gatewayLoadBalancer`;
  const wrong = [...referenceProblems(put, target, [FRONTEND_TYPE], at)];
  yield* wrong;
  if (wrong.length > 0 || target === undefined) return;
  const found = put.world.find(target);
  if (found === undefined || isUnder(target, put.desired.id)) {
    yield refuse(
      "GatewayLoadBalancerChainToItself",
      `${part.id} is chained to its own load balancer.`,
      at,
    );
    return;
  }
  if (found.owner.sku?.name !== "Gateway") {
    yield refuse(
      "ChainedLoadBalancerMustBeGatewaySku",
      `${target} is a frontend of a ${found.owner.sku?.name} load balancer; a chain needs a frontend of SKU Gateway.`,
      `${at}.id`,
    );
  }
  // A load balancer in cross-subscription mode cannot be chained.
  const pools = childrenOf(put.desired, "backendAddressPools");
  if (pools.some((pool) => pool.properties.syncMode !== undefined)) {
    yield refuse(
      "CrossSubscriptionLoadBalancerCannotBeChained",
      `${put.desired.id} has a pool with syncMode (cross-subscription mode), which cannot be chained.`,
      at,
    );
  }
  yield* consumerProblems(
    put,
    part,
    at,
    asText(found.part.properties.privateIPAddressVersion) ?? "IPv4",
  );
  const others = chainsTo(found.owner.id, put.world).filter((id) => !isUnder(id, put.desired.id));
  const own = chainsOf(put.desired, found.owner.id).indexOf(part.id);
  if (others.length + own >= MAX_CHAINS) {
    yield refuse(
      "GatewayLoadBalancerChainLimitReached",
      `${found.owner.id} has ${MAX_CHAINS} chained resources, which is the limit.`,
      `${at}.id`,
    );
  }
}

function* consumerProblems(
  put: Put,
  part: Child,
  at: string,
  version: string,
): Generator<ArmError> {
  const publicId = refOf(part.properties.publicIPAddress);
  if (publicId === undefined) {
    yield refuse(
      "GatewayLoadBalancerChainNeedsPublicIPAddress",
      `${part.id} is chained to a gateway load balancer but has no public IP address: internal frontends and private IP configurations cannot be chained.`,
      at,
    );
    return;
  }
  const address = put.world.get(publicId);
  if (address === undefined) return;
  if (address.sku?.name !== "Standard") {
    yield refuse(
      "GatewayLoadBalancerChainNeedsStandardPublicIPAddress",
      `${publicId} has SKU ${address.sku?.name}; a chained public IP address must be Standard.`,
      at,
    );
  }
  if (versionOf(address) !== version) {
    yield refuse(
      "GatewayLoadBalancerChainIPVersionMismatch",
      `${publicId} is ${versionOf(address)}, the chained frontend is ${version}.`,
      at,
    );
  }
}
