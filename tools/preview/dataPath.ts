/** Effects of a plan on traffic: pure, the part of the comment that must not be overlooked. */
import { code } from "./escape";
import { type Change, Kind } from "./plan";
import { isUnknown, valueAt } from "./values";

/** A change that traffic notices. */
export interface Impact {
  change: Change;
  /** The effect on traffic, a sentence. */
  text: string;
}

/** Every impact of the plan, in the order of its changes. */
export function impactsOf(changes: readonly Change[]): Impact[] {
  return changes.flatMap((change) =>
    [...lossOf(change), ...chainsOf(change), ...fleetOf(change)].map((text) => ({ change, text })),
  );
}

/** True for a load balancer of the Gateway SKU, before or after. */
export function isGateway({ type, before, after }: Change): boolean {
  return (
    type === "azure-native:network:LoadBalancer" &&
    [before, after].some((inputs) => /^gateway$/i.test(String(valueAt(inputs, "sku.name"))))
  );
}

/** Traffic that is lost while a resource is replaced or after it is deleted, by type. */
const losses: ReadonlyMap<string, string> = new Map([
  ["compute:VirtualMachine", "flows through this machine end until another one takes them"],
  [
    "compute:VirtualMachineScaleSet",
    "all its machines go: a flow ends with the notice that they get, new flows go elsewhere if the pool has others",
  ],
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

/** Effects of a scale set's update on the machines that run. */
function fleetOf({ kind, type, paths, before, after }: Change): string[] {
  if (kind !== Kind.Update || type !== "azure-native:compute:VirtualMachineScaleSet") return [];
  const model = paths.filter((path) =>
    /^(virtualMachineProfile|identity|plan|sku\.name)\b/.test(path),
  );
  const [was, is] = [valueAt(before, "sku.capacity"), valueAt(after, "sku.capacity")];
  const fewer = typeof was === "number" && typeof is === "number" && is < was;
  return [
    ...(model.length === 0 ? [] : [upgradeOf(model, after)]),
    ...(fewer
      ? [`${was - is} of ${was} machines go: their flows end with the notice that they get`]
      : []),
  ];
}

/** How another model reaches the machines, by the mode of the scale set's upgrades. */
function upgradeOf(model: readonly string[], after: Change["after"]): string {
  const mode = String(valueAt(after, "upgradePolicy.mode") ?? "Manual");
  const rolling = valueAt(after, "upgradePolicy.rollingUpgradePolicy");
  const policyOnly = model.every((path) => path === "virtualMachineProfile.userData");
  if (/^manual$/i.test(mode)) {
    return "machines that run keep the old model until somebody upgrades them; new ones get the new one";
  }
  if (/^automatic$/i.test(mode)) {
    return policyOnly
      ? "all machines get it at once, without a look at their health in between"
      : "all machines may be restarted or made anew at once: nothing passes meanwhile";
  }
  const share = valueAt(rolling, "maxBatchInstancePercent") ?? 20;
  const batches = `rolling upgrade, ${String(share)} % of the machines at once, each batch healthy before the next`;
  if (valueAt(rolling, "maxSurge") === true) {
    return `${batches}: every machine is replaced, and a flow that outlives the notice of its machine ends`;
  }
  return policyOnly
    ? `${batches}: machines take it while they run; until the last batch old and new are both in force`
    : `${batches}: machines are restarted or made anew where they are, and a flow that outlives the notice of its machine ends`;
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
