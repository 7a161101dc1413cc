/** Hands the rules to the engine: the only file here that knows the policy SDK. */
import type {
  PolicyResource,
  ReportViolation,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { plainType, type Resource, type Rule, Scope } from "./rule";
import { UNKNOWN, type Value } from "./values";

/**
 * Inputs by URN, as the engine showed them resource by resource. It shows a rule about the stack
 * outputs only, and in a preview a provider answers every property that nobody set as unknown:
 * from those nobody can tell a chain that is missing from one that is still to come.
 */
export type Declared = Map<string, Value>;

/** The rule as a policy of the engine's; the policies of a pack share what was declared. */
export function toPolicy(
  rule: Rule,
  declared: Declared,
): ResourceValidationPolicy | StackValidationPolicy {
  const policy = {
    name: rule.name,
    description: rule.description,
    enforcementLevel: rule.level,
    configSchema: { properties: withDefaults(rule) },
  };
  switch (rule.scope) {
    case Scope.Resource:
      return {
        ...policy,
        validateResource: (args, report) => {
          const resource = toResource({ ...args, dependencies: [] });
          if (!rule.types.includes(resource.type)) return;
          tell(rule.check([resource], settingsOf(rule, args.getConfig())), report);
        },
      };
    case Scope.Stack:
      return {
        ...policy,
        validateResource: ({ urn, props }) => {
          declared.set(urn, plain(props));
        },
        validateStack: (args, report) => {
          const resources = args.resources.map((resource): Resource => {
            const outputs = toResource(resource);
            return { ...outputs, properties: declared.get(outputs.urn) ?? outputs.properties };
          });
          if (!resources.some(({ type }) => rule.types.includes(type))) return;
          tell(rule.check(resources, settingsOf(rule, args.getConfig())), report);
        },
      };
    default:
      return rule.scope satisfies never;
  }
}

/**
 * A deep copy with {@link UNKNOWN} where the engine does not know the value yet. The SDK hands
 * out properties that throw when such a value is read, which would end a rule at the first one
 * and leave everything else of the resource unchecked in preview.
 */
export function plain(value: unknown): Value {
  if (Array.isArray(value)) return Object.keys(value).map((key) => readOr(value, key));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.keys(value).map((key) => [key, readOr(value, key)]));
  }
  switch (typeof value) {
    case "boolean":
    case "number":
    case "string":
      return value;
    default:
      return value === null ? null : undefined;
  }
}

function readOr(holder: object, key: string): Value {
  let value: unknown;
  try {
    value = Reflect.get(holder, key);
  } catch (error) {
    if (error instanceof Error && "unknownTypeSentinel" in error) return UNKNOWN;
    throw error;
  }
  return plain(value);
}

type EngineResource = Pick<PolicyResource, "urn" | "type" | "name" | "props"> & {
  dependencies: readonly { urn: string }[];
};

function toResource({ urn, type, name, props, dependencies }: EngineResource): Resource {
  return {
    urn,
    type: plainType(type),
    name,
    properties: plain(props),
    dependencies: dependencies.map((dependency) => dependency.urn),
  };
}

function tell(findings: readonly { urn: string; message: string }[], report: ReportViolation) {
  for (const { urn, message } of findings) report(message, urn);
}

function settingsOf(rule: Rule, configured: object): object {
  return { ...rule.defaults, ...configured };
}

function withDefaults(rule: Rule) {
  const defaults = new Map(Object.entries(rule.defaults));
  return Object.fromEntries(
    Object.entries(rule.schema).map(([name, schema]) => [
      name,
      { ...schema, default: defaults.get(name) },
    ]),
  );
}
