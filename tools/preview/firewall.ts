/** Firewall policies in a plan: which machines get another one, and what becomes different. */
import type { FirewallPolicy } from "../../components/policy";
import { code, plain } from "./escape";
import type { PolicyChange } from "./markdown";
import { type Change, type ComponentChange, Kind } from "./plan";
import { type DeliveredPolicy, type DeliveredRule, deliveredPolicy } from "./rules";
import { isUnknown, SECRET_KEY, valueAt } from "./values";
import { verdictLines } from "./verdicts";

/** userData of a machine before and after. */
interface Delivery {
  machine: string;
  component?: string;
  before?: string;
  after?: string;
}

/** Policies that a component was given, by its URN. */
export type GivenPolicies = ReadonlyMap<string, { before: FirewallPolicy; after: FirewallPolicy }>;

/** Policies of components that had one before and have one after. */
export function givenPolicies(components: readonly ComponentChange[]): GivenPolicies {
  return new Map(
    components.flatMap(({ urn, before, after }) => {
      const [old, now] = [before?.policy, after?.policy];
      return isPolicy(old) && isPolicy(now) ? [[urn, { before: old, after: now }]] : [];
    }),
  );
}

/** Whether a component's input is a policy: what a component was deployed with has been checked. */
function isPolicy(value: unknown): value is FirewallPolicy {
  return Array.isArray(valueAt(value, "rules")) && !JSON.stringify(value).includes(SECRET_KEY);
}

/** Policy changes of a plan; machines that go from one policy to the same other are put together. */
export function policyChanges(
  changes: readonly Change[],
  given: GivenPolicies = new Map(),
): PolicyChange[] {
  const byContent = new Map<string, Delivery[]>();
  for (const delivery of changes.flatMap(deliveryOf)) {
    const key = `${delivery.before ?? ""} ${delivery.after ?? ""}`;
    byContent.set(key, [...(byContent.get(key) ?? []), delivery]);
  }
  return [...byContent.values()].flatMap((deliveries) => {
    const [first] = deliveries;
    const lines = first === undefined ? [] : linesOf(first);
    return lines.length === 0
      ? []
      : [
          {
            machines: deliveries.map(({ machine }) => machine).sort(),
            lines,
            verdicts: verdictsOf(first, given),
          },
        ];
  });
}

/** Where a machine's and a scale set's userData are. */
const paths = new Map([
  ["azure-native:compute:VirtualMachine", "userData"],
  ["azure-native:compute:VirtualMachineScaleSet", "virtualMachineProfile.userData"],
]);

function deliveryOf(change: Change): Delivery[] {
  const path = paths.get(change.type);
  if (path === undefined || change.kind === Kind.Drift) return [];
  const [before, after] = [change.before, change.after].map((inputs) => {
    const value = valueAt(inputs, path);
    return typeof value === "string" && value !== "" ? value : undefined;
  });
  return before === after
    ? []
    : [{ machine: change.name, component: change.parent, before, after }];
}

/** Packets whose verdict changes; only a component says what its policy was made from. */
function verdictsOf(delivery: Delivery | undefined, given: GivenPolicies): string[] {
  const policies = given.get(delivery?.component ?? "");
  if (policies === undefined || isUnknown(delivery?.after)) return [];
  const lines = verdictLines(policies.before, policies.after);
  return lines.length > 0 ? lines : ["none: every packet is judged as before"];
}

function linesOf({ before, after }: Delivery): string[] {
  if (isUnknown(after)) return ["The policy is known only after the deployment."];
  try {
    return policyLines(deliveredPolicy(before), deliveredPolicy(after));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [`The policy cannot be read: ${plain(reason)}`];
  }
}

/** What differs between two policies, a line of Markdown each. */
export function policyLines(
  before: DeliveredPolicy | undefined,
  after: DeliveredPolicy | undefined,
): string[] {
  if (after === undefined) {
    return before === undefined
      ? []
      : ["⚠️ The policy is taken away: a new machine passes nothing."];
  }
  if (before === undefined) {
    return ["First policy:", ...after.rules.map((rule) => `${code(rule.name)}: ${wordsOf(rule)}`)];
  }
  return [
    ...(before.stateful === after.stateful
      ? []
      : [`Flows are judged ${after.stateful ? "once, when they start" : "packet by packet"} now.`]),
    ...(["inbound", "outbound"] as const).flatMap((direction) => {
      const of = (policy: DeliveredPolicy) =>
        policy.rules.filter((rule) => rule.direction === direction);
      return directionLines(of(before), of(after));
    }),
  ];
}

function directionLines(before: readonly DeliveredRule[], after: readonly DeliveredRule[]) {
  const old = new Map(before.map((rule) => [rule.name, rule]));
  const now = new Map(after.map((rule) => [rule.name, rule]));
  const removed = before.filter(({ name }) => !now.has(name));
  const added = after.filter(({ name }) => !old.has(name));
  const kept = after.flatMap((rule) => {
    const was = old.get(rule.name);
    return was === undefined || wordsOf(was) === wordsOf(rule)
      ? []
      : [`Rule ${code(rule.name)}: ${wordsOf(was)} becomes ${wordsOf(rule)}`];
  });
  const order = (rules: readonly DeliveredRule[]) =>
    rules.map(({ name }) => name).filter((name) => old.has(name) && now.has(name));
  const moved = order(before).join() !== order(after).join();
  return [
    ...removed.map((rule) => `Rule ${code(rule.name)} goes: it was ${wordsOf(rule)}`),
    ...added.map((rule) => `Rule ${code(rule.name)} is new: ${wordsOf(rule)}`),
    ...kept,
    ...(moved
      ? [`The order of rules is now ${after.map(({ name }) => code(name)).join(", ")}`]
      : []),
  ];
}

const wordsOf = ({ action, direction, matches }: DeliveredRule) =>
  `**${action}** ${direction} ${matches.map(code).join(" or ")}`;
