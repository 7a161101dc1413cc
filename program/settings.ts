/** Settings of a stack, read and checked in one place. */
import * as pulumi from "@pulumi/pulumi";
import { refuse } from "../components/check/refuse";
import type { FirewallPolicy, GatewayProviderArgs } from "../components/index";
import schema from "../schema.json";

/** The part of a provider's arguments that a settings file can say: plain values. */
export type GatewaySettings = Omit<
  GatewayProviderArgs,
  "resourceGroupName" | "location" | "policy"
>;

/** Settings in `Pulumi.<stack>.yaml`. */
export interface Settings {
  /** Name of the provider, and the beginning of all Azure names. Default: `gwlb`. */
  name: string;
  /** True adds a consumer of each kind with a small workload behind it. Default: false. */
  demo: boolean;
  /** Arguments of the GatewayProvider. Default: the reference layout. */
  gateway: GatewaySettings;
  /** The firewall policy. Default: none, everything passes, with a warning. */
  policy?: FirewallPolicy;
}

/** A property as the package's schema describes it. */
interface Described {
  type?: string;
  items?: Described;
  /** A map with keys of the user's own. */
  additionalProperties?: Described;
  $ref?: string;
}

type Shape = "string" | "number" | "boolean" | "strings" | "any" | { [key: string]: Shape };

/** Inputs of a provider that come from other components, or from the program itself. */
const NOT_A_SETTING: readonly string[] = ["resourceGroupName", "location", "policy"];

/** Keys that a settings file may have, and what is expected there. */
const SHAPE: Record<keyof Settings, Shape> & Record<string, Shape> = {
  name: "string",
  demo: "boolean",
  gateway: shapeOf(
    Object.entries(schema.resources["azure-gwlb:index:GatewayProvider"].inputProperties).filter(
      ([name]) => !NOT_A_SETTING.includes(name),
    ),
  ),
  // The component checks a policy to its last field.
  policy: "any",
};

function shapeOf(properties: readonly [string, Described][]): Shape {
  return Object.fromEntries(properties.map(([name, described]) => [name, expected(described)]));
}

function expected({ type, items, additionalProperties, $ref }: Described): Shape {
  if ($ref !== undefined) {
    const types: Record<string, { type: string; properties?: Record<string, Described> }> =
      schema.types;
    const { properties } = types[$ref.replace("#/types/", "")] ?? {};
    // A type without properties is a closed choice, which the component checks.
    return properties === undefined ? "string" : shapeOf(Object.entries(properties));
  }
  if (additionalProperties !== undefined) return "any";
  if (type === "array" && items?.type === "string") return "strings";
  if (type === "string" || type === "number" || type === "boolean") return type;
  throw new Error(`schema.json has a setting of type ${type}, which settings cannot read`);
}

type Problem = pulumi.InputPropertyErrorDetails;

/** The settings of the stack that runs. Throws all problems at once. */
export function readSettings(): Settings {
  const project = pulumi.getProject();
  const prefix = `${project}:`;
  const all = Object.entries(pulumi.runtime.allConfig());
  const own = all.filter(([key]) => key.startsWith(prefix));
  const raw = own.map(([key, value]) => [key.slice(prefix.length), value] as const);
  return parseSettings(Object.fromEntries(raw), `settings of stack ${pulumi.getStack()}`);
}

/** Settings from the engine's form, where a value is a string and everything else is its JSON. */
export function parseSettings(raw: Record<string, string>, what: string): Settings {
  const values = Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key,
      SHAPE[key] === "string" ? value : fromJson(value),
    ]),
  );
  refuse(what, shapeProblems(values, SHAPE, ""));
  const { name = "gwlb", demo = false, gateway = {}, policy } = values as Partial<Settings>;
  return { name, demo, gateway, policy };
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function shapeProblems(value: unknown, shape: Shape, path: string): Problem[] {
  const wrong = (rule: string): Problem[] => [
    { propertyPath: path, reason: `must be ${rule}, got ${JSON.stringify(value)}` },
  ];
  if (shape === "any") return [];
  if (shape === "strings") {
    const strings = Array.isArray(value) && value.every((item) => typeof item === "string");
    return strings ? [] : wrong("a list of strings (in YAML, numbers in quotes)");
  }
  if (typeof shape === "string") return typeof value === shape ? [] : wrong(`a ${shape}`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong("a map");
  return Object.entries(value).flatMap(([key, item]) => {
    const at = path === "" ? key : `${path}.${key}`;
    const expected = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (expected !== undefined) return shapeProblems(item, expected, at);
    return [{ propertyPath: at, reason: `is not known; ${suggestion(key, Object.keys(shape))}` }];
  });
}

function suggestion(key: string, known: readonly string[]): string {
  const [nearest] = known
    .map((name) => ({ name, steps: distance(key.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, steps }) => steps <= Math.max(2, name.length / 3))
    .sort((a, b) => a.steps - b.steps);
  return nearest === undefined ? `known are ${known.join(", ")}` : `did you mean ${nearest.name}?`;
}

/** Least number of letters to change, add or leave out to come from one string to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
