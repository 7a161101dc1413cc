/** Two rules that would send one port of one backend to itself: refused on a pool and on a NIC. */
import { namedChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { keyOf, sameId } from "../ids";
import { type Child, childrenOf, refsOf } from "../resource";
import { refusalsOf } from "../rules";
import { issue } from "../sources";
import type { Put, World } from "../world";

const refusals = refusalsOf("Microsoft.Network/loadBalancers", {
  onPool: {
    code: "RulesUseSameBackendPortProtocolAndPool",
    says: "Two rules without floating IP on one pool differ in protocol or backend port.",
    reported: issue("MicrosoftDocs/azure-docs", 117762),
  },
  onConfiguration: {
    code: "RulesUseSameBackendPortProtocolAndIPConfig",
    says: "Rules without floating IP that reach one IP configuration differ in protocol or backend port.",
    reported: issue("hashicorp/terraform-provider-azurerm", 84),
  },
});

/** Rules of one load balancer that clash on a pool. */
export function* poolClashes(put: Put): Generator<ArmError> {
  const seen = new Map<string, Child>();
  for (const [own, path] of namedChildren(put, "loadBalancingRules")) {
    if (own.properties.enableFloatingIP === true) continue;
    for (const pool of refsOf(own.properties.backendAddressPools)) {
      const key = `${keyOf(pool)} ${portOf(own)}`;
      const other = seen.get(key);
      seen.set(key, own);
      if (other === undefined) continue;
      const { protocol, backendPort } = own.properties;
      yield refuse(
        refusals.onPool,
        `Load balancing rules ${other.id} and ${own.id} with floating IP disabled use the same protocol ${protocol} and backend port ${backendPort}, and must not be used with the same backend address pool ${pool}.`,
        `${path}.properties.backendPort`,
      );
    }
  }
}

const portOf = ({ properties }: Child) => `${properties.protocol} ${properties.backendPort}`;

/** Rules that clash on one IP configuration: those of its pools, and its inbound NAT rules. */
export function* configurationClashes(put: Put, part: Child, path: string): Generator<ArmError> {
  const seen = new Map<string, Child>();
  for (const own of rulesOf(part, put.world)) {
    const other = seen.get(portOf(own));
    seen.set(portOf(own), own);
    if (other === undefined || sameId(other.id, own.id)) continue;
    const { protocol, backendPort } = own.properties;
    yield refuse(
      refusals.onConfiguration,
      `Load balancer rules ${other.id} and ${own.id} with floating IP disabled use the same backend port ${backendPort} and protocol ${protocol}, and must not be used with the same backend IP configuration ${part.id}.`,
      path,
    );
  }
}

/** Rules without floating IP that reach an IP configuration. */
function rulesOf({ properties }: Child, world: World): Child[] {
  const pools = refsOf(properties.loadBalancerBackendAddressPools).flatMap((pool) => {
    const owner = world.find(pool)?.owner;
    return childrenOf(owner ?? { properties: {} }, "loadBalancingRules").filter((balanced) =>
      refsOf(balanced.properties.backendAddressPools).some((id) => sameId(id, pool)),
    );
  });
  const translated = refsOf(properties.loadBalancerInboundNatRules).flatMap(
    (id) => (world.find(id)?.part as Child | undefined) ?? [],
  );
  return [...pools, ...translated].filter((own) => own.properties.enableFloatingIP !== true);
}
