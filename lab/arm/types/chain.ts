/** Chaining a consumer to a Gateway Load Balancer. */

import { type ArmError, refuse } from "../errors";
import { isUnder } from "../ids";
import { inUse, namedBy, referenceProblems } from "../inUse";
import { versionOf } from "../publicAddressing";
import { asText, type Child, childrenOf, refOf, type StoredResource } from "../resource";
import { behavesSo, refusalsOf } from "../rules";
import { docs, recordings } from "../sources";
import type { Put, World } from "../world";

behavesSo("Chains to a gateway", {
  says: "A chain leads to a gateway without rule, probe or External tunnel, too, across networks that do not know each other.",
  recorded: `PUT of an interface chained to such a gateway, 2021-07; ${recordings.cli}`,
});

const refusals = refusalsOf("Chains to a gateway", {
  toItself: {
    code: "GatewayLoadBalancerChainToItself",
    says: "A chain leads to another load balancer.",
    ours: true,
    assumed: "A gateway has no public frontend that could be chained; no source shows the refusal.",
  },
  noGateway: {
    code: "ChainedLoadBalancerMustBeGatewaySku",
    says: "A chain leads to a frontend of SKU Gateway.",
    ours: true,
    documented: docs.gateway,
  },
  acrossSubscriptions: {
    code: "CrossSubscriptionLoadBalancerCannotBeChained",
    says: "A load balancer in cross-subscription mode is not chained.",
    ours: true,
    documented: docs.crossSubscription,
  },
  tooMany: {
    code: "GatewayLoadBalancerChainLimitReached",
    says: "A gateway has at most 100 chains, of frontends and IP configurations together.",
    ours: true,
    documented: docs.balancerLimits,
  },
  noAddress: {
    code: "GatewayLoadBalancerChainNeedsPublicIPAddress",
    says: "A chained frontend or IP configuration has a public address.",
    ours: true,
    documented: docs.gateway,
  },
  notStandard: {
    code: "GatewayLoadBalancerChainNeedsStandardPublicIPAddress",
    says: "The public address of a chain is Standard.",
    ours: true,
    documented: docs.gateway,
  },
  version: {
    code: "GatewayLoadBalancerChainIPVersionMismatch",
    says: "A chain and its gateway's frontend are of one IP version.",
    ours: true,
    documented: docs.dualStack,
  },
  held: {
    code: "GatewayLoadBalancerInUseByChain",
    says: "A gateway and its frontends stay while they are chained.",
    ours: true,
    assumed:
      "The service's answer to a DELETE is not known: a chain to nothing would pass no packet.",
  },
});

/** The refusal to delete a gateway or a frontend of one that is chained. */
export const heldByChains = (id: string, chains: readonly string[]): ArmError =>
  inUse(refusals.held, id, chains);

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
 * Problems of the chain of one frontend or IP configuration. Only a Standard public
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
    yield refuse(refusals.toItself, `${part.id} is chained to its own load balancer.`, at);
    return;
  }
  if (found.owner.sku?.name !== "Gateway") {
    yield refuse(
      refusals.noGateway,
      `${target} is a frontend of a ${found.owner.sku?.name} load balancer; a chain needs a frontend of SKU Gateway.`,
      `${at}.id`,
    );
  }
  const pools = childrenOf(put.desired, "backendAddressPools");
  if (pools.some((pool) => pool.properties.syncMode !== undefined)) {
    yield refuse(
      refusals.acrossSubscriptions,
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
      refusals.tooMany,
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
      refusals.noAddress,
      `${part.id} is chained to a gateway load balancer but has no public IP address: internal frontends and private IP configurations cannot be chained.`,
      at,
    );
    return;
  }
  const address = put.world.get(publicId);
  if (address === undefined) return;
  if (address.sku?.name !== "Standard") {
    yield refuse(
      refusals.notStandard,
      `${publicId} has SKU ${address.sku?.name}; a chained public IP address must be Standard.`,
      at,
    );
  }
  if (versionOf(address) !== version) {
    yield refuse(
      refusals.version,
      `${publicId} is ${versionOf(address)}, the chained frontend is ${version}.`,
      at,
    );
  }
}
