/** Firewall policies in a plan: which machines get another one, and what becomes different. Pure. */
import { type FirewallPolicy, PASS_ALL } from "../../components/policy";
import { code } from "./escape";
import type { PolicyChange } from "./markdown";
import { type Change, type ComponentChange, Kind } from "./plan";
import { policyLines } from "./policyLines";
import { holdsSecret, holdsUnknown, isUnknown, valueAt } from "./values";
import { verdictLines } from "./verdicts";

/** A component of the plan whose machines get another userData. */
interface Delivery {
  component: string;
  machines: string[];
  /** Whether userData was there before, and is there after. */
  before: boolean;
  after: boolean;
}

/**
 * Policy changes of a plan, as the components' own inputs tell them: one for each component whose
 * machines get another userData. Those of components that go from one policy to the same other are
 * put together.
 */
export function policyChanges(
  changes: readonly Change[],
  components: readonly ComponentChange[],
): PolicyChange[] {
  const inputs = new Map(components.map((component) => [component.urn, component]));
  const byContent = new Map<string, PolicyChange>();
  for (const delivery of deliveries(changes)) {
    const change = changeOf(delivery, inputs.get(delivery.component));
    if (change === undefined) continue;
    const key = JSON.stringify(change);
    const machines = [...(byContent.get(key)?.machines ?? []), ...delivery.machines].sort();
    byContent.set(key, { machines, ...change });
  }
  return [...byContent.values()];
}

const PROVIDER = "azure-gwlb:index:GatewayProvider";

/** Where a machine's and a scale set's userData are. */
const paths = new Map([
  ["azure-native:compute:VirtualMachine", "userData"],
  ["azure-native:compute:VirtualMachineScaleSet", "virtualMachineProfile.userData"],
]);

function deliveries(changes: readonly Change[]): Delivery[] {
  const found = new Map<string, Delivery>();
  for (const { type, kind, name, parent, before, after } of changes) {
    const path = paths.get(type);
    if (path === undefined || parent === undefined || kind === Kind.Drift) continue;
    if (!parent.includes(`${PROVIDER}::`)) continue;
    const [old, next] = [valueAt(before, path), valueAt(after, path)];
    if (old === next && !isUnknown(next)) continue;
    const known = found.get(parent);
    found.set(parent, {
      component: parent,
      machines: [...(known?.machines ?? []), name],
      before: known?.before === true || isThere(old),
      after: known?.after === true || isThere(next),
    });
  }
  return [...found.values()];
}

const isThere = (userData: unknown) => userData !== undefined && userData !== "";

function changeOf(
  delivery: Delivery,
  component: ComponentChange | undefined,
): Omit<PolicyChange, "machines"> | undefined {
  const before = delivery.before ? policyOf(component?.before) : undefined;
  const after = delivery.after ? policyOf(component?.after) : undefined;
  const only = (line: string) => ({ lines: [line], verdicts: [] });
  if (typeof before === "string") return only(before);
  if (typeof after === "string") return only(after);
  if (after === undefined) {
    return before && only("⚠️ The policy is taken away: a new machine passes nothing.");
  }
  const lines = policyLines(before, after);
  if (before === undefined) return { lines, verdicts: [] };
  const verdicts = verdictLines(before, after);
  return {
    lines: lines.length > 0 ? lines : ["The rules stay; how they are written for the NVA changes."],
    verdicts: verdicts.length > 0 ? verdicts : ["none: every packet is judged as before"],
  };
}

/** The policy in a provider's inputs, or why it cannot be told. */
function policyOf(inputs: Record<string, unknown> | undefined): FirewallPolicy | string {
  // Those of a version that recorded no inputs are empty.
  if (inputs?.resourceGroupName === undefined) {
    return "The plan does not say what the policy was made from.";
  }
  const { policy } = inputs;
  if (policy === undefined) return PASS_ALL;
  if (holdsUnknown(policy)) return "The policy is known only after the deployment.";
  if (holdsSecret(policy)) return "The policy is a secret: it is not shown.";
  return isPolicy(policy) ? policy : `The policy cannot be read: ${code("rules")} is missing.`;
}

/** The component itself has checked all the rest of its policy. */
function isPolicy(policy: unknown): policy is FirewallPolicy {
  return Array.isArray(valueAt(policy, "rules"));
}
