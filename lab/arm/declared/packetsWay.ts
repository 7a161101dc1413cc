/**
 * Types of azure-native that are not taken as declarations, because something in the lab would have
 * to act on them: on a packet's way, inside a machine, or on other requests.
 */

const WAY = "it would change a packet's way";
const MACHINE = "it would run in a machine";
const REQUESTS = "it would change what other requests may do";

/** Whole modules. */
const MODULES: Readonly<Record<string, string>> = {
  authorization: REQUESTS,
  cdn: WAY,
  cloudngfw: WAY,
  computeschedule: MACHINE,
  delegatednetwork: WAY,
  features: REQUESTS,
  frontdoor: WAY,
  hybridnetwork: WAY,
  managednetwork: WAY,
  managednetworkfabric: WAY,
  mission: WAY,
  networkcloud: WAY,
  peering: WAY,
  policyinsights: REQUESTS,
  resources: REQUESTS,
  servicenetworking: WAY,
  standbypool: MACHINE,
  subscription: REQUESTS,
  trafficmanager: WAY,
};

/** Types of the network that only look on, or that do nothing by themselves. */
const BYSTANDERS = new Set(["DdosProtectionPlan", "FlowLog", "NetworkWatcher"]);

const CLASSES: readonly [module: RegExp, name: RegExp, why: string][] = [
  [/./, /Private(Endpoint|Link)|VNetPeering|VirtualNetworkPeering/, WAY],
  [/^network$/, /./, WAY],
  [/^security$/, /^JitNetworkAccessPolicy$/, WAY],
  [/^compute$/, /^VirtualMachine.*(Extension|RunCommand|ScaleSetVM)/, MACHINE],
];

/** Why a class is not taken; undefined for one that is. */
export function notTaken(module: string, name: string): string | undefined {
  if (module === "network" && BYSTANDERS.has(name)) return undefined;
  const [, , why] = CLASSES.find(([of, named]) => of.test(module) && named.test(name)) ?? [];
  return MODULES[module] ?? why;
}
