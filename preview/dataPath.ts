/** What a plan does to traffic: pure, the part of the comment that must not be overlooked. */
import { code } from "./escape";
import { type Change, Kind } from "./plan";
import { isUnknown, valueAt } from "./values";

/** A change that traffic notices. */
export interface Impact {
  change: Change;
  /** What happens to traffic, a sentence. */
  text: string;
}

/** Every impact of the plan, in the order of its changes. */
export function impactsOf(changes: readonly Change[]): Impact[] {
  return changes.flatMap((change) =>
    [...lossOf(change), ...chainsOf(change)].map((text) => ({ change, text })),
  );
}

/** True for a load balancer of the Gateway SKU, before or after. */
export function isGateway({ type, before, after }: Change): boolean {
  return (
    type === "azure-native:network:LoadBalancer" &&
    [before, after].some((inputs) => /^gateway$/i.test(String(valueAt(inputs, "sku.name"))))
  );
}

/** What traffic loses while a resource is replaced or after it is deleted, by type. */
const losses: ReadonlyMap<string, string> = new Map([
  ["compute:VirtualMachine", "flows through this machine end until another one takes them"],
  ["compute:VirtualMachineScaleSet", "flows through its machines end"],
  ["network:LoadBalancer", "its frontends serve nobody until they are back"],
  [
    "network:LoadBalancerBackendAddressPool",
    "its machines get no traffic until they are back in it",
  ],
  ["network:NatGateway", "its subnets have no way out"],
  ["network:NetworkInterface", "its machine has no network until it is back"],
  ["network:NetworkSecurityGroup", "without its rules Standard addresses are closed"],
  ["network:PublicIPAddress", "clients that know the address lose it"],
  ["network:Subnet", "everything in it is taken down first"],
  ["network:VirtualNetwork", "everything in it is taken down first"],
]);

function lossOf(change: Change): string[] {
  if (change.kind !== Kind.Replace && change.kind !== Kind.Delete) return [];
  if (isGateway(change)) {
    return change.kind === Kind.Replace
      ? [
          "every frontend chained to it loses its chain, in other stacks too, until they are deployed with the new frontend id: until then Azure refuses the deletion, or traffic stops",
        ]
      : ["every frontend still chained to it stops it: Azure refuses while chains are left"];
  }
  const loss = losses.get(change.type.replace(/^azure-native:/, ""));
  return loss === undefined ? [] : [loss];
}

/** Chains that an update takes away, sets or points elsewhere. */
function chainsOf(change: Change): string[] {
  if (change.kind !== Kind.Update && change.kind !== Kind.Drift) return [];
  const after = chainsIn(change.after);
  return [...chainsIn(change.before)].flatMap(([name, chain]) => {
    const now = after.get(name);
    if (chain === undefined || !after.has(name) || now === chain) return [];
    if (now === undefined)
      return [`${code(name)} loses its chain: its traffic goes around the firewall`];
    return isUnknown(now)
      ? []
      : [`${code(name)} is chained to another gateway: running flows may end`];
  });
}

/** Frontends and IP configurations of a resource by name, with the gateway they are chained to. */
function chainsIn(inputs: Record<string, unknown> | undefined): Map<string, string | undefined> {
  const lists = [inputs?.frontendIPConfigurations, inputs?.ipConfigurations];
  return new Map(
    lists
      .flatMap((list): unknown[] => (Array.isArray(list) ? list : []))
      .map((configuration) => {
        const id = valueAt(configuration, "gatewayLoadBalancer.id");
        return [
          String(valueAt(configuration, "name")),
          typeof id === "string" ? id.toLowerCase() : undefined,
        ];
      }),
  );
}
