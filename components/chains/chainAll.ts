import * as pulumi from "@pulumi/pulumi";
import { chainTargetReason, parseResourceId } from "../azure/resourceId";
import { at, optional, wholeReason } from "../check/problem";
import { gated, refuse } from "../check/refuse";
import {
  type ChainFinding,
  ChainOutcome,
  type ChainPlan,
  decidingInputs,
  findingText,
  plainType,
  planChains,
} from "./plan/chains";

/** How {@link chainAll} goes about it. */
export interface ChainAllOptions {
  /**
   * Tag whose value is the reason why a resource may stay open. Default: `gwlb-exempt`, as in the
   * policy pack.
   */
  exemptionTag?: string;
  /**
   * Shortest reason that counts, in characters, from 1 on. Default: 10, as in the policy pack. A
   * resource with a shorter one is chained.
   */
  minimumReasonLength?: number;
  /**
   * Called once for each resource with public entries, with what became of them; in a preview also
   * for what is not known yet. Default: the engine's log, as a warning where an entry stays open.
   */
  report?: (findings: ChainFinding[]) => void;
}

/**
 * Chains every public entry of a stack that was written without this library: frontends of
 * Standard public load balancers, and IP configurations of interfaces with a public address. Call
 * it before the first resource; what is declared afterwards is chained, inside components and
 * packages of other languages too. Without the call, the next update takes the chains away again.
 *
 * Nothing is replaced: a chain is a property of the resource. Chains that the program makes by
 * itself stay as they are, and entries that a tag exempts stay open. A warning reports entries that
 * Azure cannot chain: other SKUs, internal frontends, NAT gateways, interfaces made from templates,
 * IPv6.
 *
 * `gatewayFrontendId` is the id of a gateway's frontend, of this stack, another stack or another
 * subscription; in the last case Azure asks for the permission to join it. With a gateway of the
 * same stack the chained resources depend on it, so it is destroyed after them.
 *
 * For programs in TypeScript and JavaScript: a function cannot be part of the component package.
 * Throws an InputPropertiesError when an argument is wrong.
 */
export function chainAll(
  gatewayFrontendId: pulumi.Input<string>,
  options: ChainAllOptions = {},
): void {
  pulumi.runtime.registerResourceTransform(chainTransform(gatewayFrontendId, options));
}

/** The transform that {@link chainAll} registers. */
export function chainTransform(
  gatewayFrontendId: pulumi.Input<string>,
  { exemptionTag = "gwlb-exempt", minimumReasonLength = 10, report = log }: ChainAllOptions = {},
): pulumi.ResourceTransform {
  const chain = gated("chainAll", "gatewayFrontendId", gatewayFrontendId, chainTargetReason);
  refuse("chainAll", [
    ...chain.problems,
    ...at("options.exemptionTag", exemptionTag === "" ? "must not be empty" : undefined),
    ...at(
      "options.minimumReasonLength",
      optional(minimumReasonLength, (n) => wholeReason(n, 1, 256)),
    ),
  ]);
  const target = pulumi.output(chain.value);
  const exemptions = { tag: exemptionTag, minimumLength: minimumReasonLength };
  const addresses = new Addresses();

  const plan = (type: string, name: string, inputs: Record<string, unknown>) =>
    planChains({ type, name, inputs }, exemptions, isLater, addresses.version);

  return async ({ type, name, props, custom }) => {
    if (!custom) return undefined;
    addresses.note(type, props);
    const found = plan(type, name, props);
    if (found === undefined) return undefined;
    if (found.waitsFor === undefined) {
      if (found.findings.length > 0) report(found.findings);
      if (found.chain === undefined) return undefined;
      const id = await onTheWire(target);
      return kept(chained(props, found.chain, id));
    }
    // The decision is itself an output: in an update it is known by now but secret, in a preview
    // the engine shows the whole input as not known yet.
    if (pulumi.runtime.isDryRun()) report([unknown(type, name, found.waitsFor)]);
    const inputs = pulumi.output(
      Object.fromEntries(decidingInputs(type).map((input) => [input, props[input]])),
    );
    const input = chainInput(type);
    if (input === undefined) return undefined;
    const later = pulumi.all([inputs, target]).apply(([known, id]) => {
      const decided = plan(type, name, known);
      if (decided !== undefined && decided.findings.length > 0) report(decided.findings);
      if (decided?.chain === undefined) return known;
      return chained(known, decided.chain, id);
    });
    return kept({ ...props, [input]: await onTheWire(later.apply((known) => known[input])) });
  };
}

/** The input that holds what can be chained. */
const chainInput = (type: string): string | undefined =>
  decidingInputs(type).find((input) => /^(frontendIP|ip)Configurations$/.test(input));

type Places = NonNullable<ChainPlan["chain"]>;

/** The inputs with the chain in its places. */
function chained(props: Record<string, unknown>, { input, places }: Places, id: unknown) {
  const entries = props[input] as readonly Record<string, unknown>[];
  const changed = entries.map((entry, place) =>
    places.includes(place) ? { ...entry, gatewayLoadBalancer: { id } } : entry,
  );
  return { ...props, [input]: changed };
}

function unknown(type: string, resource: string, inputs: readonly string[]): ChainFinding {
  const reason = "decided when the deployment brings it";
  const path = inputs.join(", ");
  return { type, resource, path, entry: "", outcome: ChainOutcome.Unknown, reason };
}

/**
 * The answer of a transform that leaves the resource's options alone. The engine hands out `false`
 * for flags that were never set, and would take them for set if they came back.
 */
const kept = (props: Record<string, unknown>) => ({ props }) as pulumi.ResourceTransformResult;

/**
 * A value with what it depends on, as the engine reads it. The SDK would send a transform's outputs
 * as bare values, and of a stack's transforms the engine does not read `dependsOn`: a chained
 * resource would not wait for its gateway when both are destroyed.
 */
const onTheWire = (value: pulumi.Output<unknown>): Promise<unknown> =>
  pulumi.runtime.serializeProperty("chainAll", value, undefined, { keepOutputValues: true });

const isLater = (value: unknown): boolean =>
  pulumi.Output.isInstance(value) || value instanceof Promise;

/** IP versions of the public addresses that the program declares, by group and name. */
class Addresses {
  readonly #versions = new Map<string, string>();

  note(type: string, props: Record<string, unknown>): void {
    if (plainType(type) !== "azure-native:network:PublicIPAddress") return;
    const { resourceGroupName, publicIpAddressName, publicIPAddressVersion } = props;
    if (typeof resourceGroupName !== "string" || typeof publicIpAddressName !== "string") return;
    if (typeof publicIPAddressVersion !== "string") return;
    this.#versions.set(key(resourceGroupName, publicIpAddressName), publicIPAddressVersion);
  }

  readonly version = (id: unknown): string | undefined => {
    const parsed = typeof id === "string" ? parseResourceId(id) : undefined;
    return parsed && this.#versions.get(key(parsed.resourceGroup, parsed.names.at(-1) ?? ""));
  };
}

const key = (group: string, name: string) => `${group}/${name}`.toLowerCase();

/** One line for each resource; what stays open for everybody is a warning. */
function log(findings: ChainFinding[]): void {
  const [{ type, resource } = { type: "", resource: "" }] = findings;
  const kind = type.split(":").at(-1);
  const text = `chainAll: ${kind} "${resource}": ${findings.map(findingText).join("; ")}`;
  const open = findings.some(({ outcome }) => outcome === ChainOutcome.Open);
  const told = open ? pulumi.log.warn(text) : pulumi.log.info(text);
  told.catch(() => undefined);
}
