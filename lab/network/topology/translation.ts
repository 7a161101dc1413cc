/** Public address and port → private address and port, after inspection. Pure. */

import type { BalancingRule, LoadBalancer } from "../model";
import type { View } from "../view";
import { flowHash } from "./flows";

/** nft rules of a network, in Azure's order: own public addresses, NAT rules, balancing rules. */
export function translations(view: View, vnetId: string): string[] {
  const nics = view.model.nics.filter((nic) => nic.vnetId === vnetId);
  const configurations = nics.flatMap((nic) => nic.configurations);
  const own = configurations.flatMap((c) =>
    c.publicAddress === undefined ? [] : [`ip daddr ${c.publicAddress} dnat to ${c.address}`],
  );
  const balancers = view.model.loadBalancers.filter((balancer) => !balancer.gateway);
  const natted = balancers.flatMap((balancer) =>
    balancer.natRules.flatMap((rule) => {
      const target = configurations.find((c) => c.natRules.includes(rule.id));
      const address = addressOf(balancer, rule.frontendId);
      if (target === undefined || address === undefined) return [];
      const match = `ip daddr ${address} ${rule.protocol} dport ${rule.frontendPort}`;
      return [`${match} dnat to ${target.address}:${rule.backendPort}`];
    }),
  );
  const balanced = balancers.flatMap((balancer) =>
    balancer.rules.flatMap((rule) => spread(view, vnetId, balancer, rule)),
  );
  return [...own, ...natted, ...balanced];
}

const addressOf = (balancer: LoadBalancer, frontendId: string): string | undefined =>
  balancer.frontends.find((frontend) => frontend.id === frontendId)?.publicAddress;

/** New flows of a rule over the healthy members; with none they stay untranslated, and are dropped. */
function spread(view: View, vnetId: string, balancer: LoadBalancer, rule: BalancingRule): string[] {
  const address = addressOf(balancer, rule.frontendId);
  if (address === undefined || rule.protocol === "all") return [];
  const pools = balancer.pools.filter((pool) => rule.poolIds.includes(pool.id));
  const members = pools
    .flatMap((pool) => view.members([pool]))
    .filter((member) => member.nic.vnetId === vnetId && view.health(rule, member).healthy)
    .map((member) => member.configuration.address);
  const match = `ip daddr ${address} ${rule.protocol} dport ${rule.frontendPort}`;
  const [only] = members;
  if (only === undefined) return [];
  if (members.length === 1) return [`${match} dnat to ${only}:${rule.backendPort}`];
  const hash = `${flowHash(rule.distribution, true, true)} mod ${members.length} seed 0x51ed270b`;
  const map = members.map((member, i) => `${i} : ${member}`).join(", ");
  return [`${match} dnat to ${hash} map { ${map} } : ${rule.backendPort}`];
}
