/** Package schemas of the stand-ins, made from what they know: for YAML programs and `get-schema`. */
import type { Prop } from "../schema";
import { type ResourceType, resourceTypes } from "../types";
import { type RandomType, randomTypes } from "./randomValues";
import { sdkFields } from "./sdkShape";

type Spec = Record<string, unknown>;

/** Schema of `azure-native` with the types of the embedded Azure. */
export function azureNativeSchema(version: string): string {
  const types: Record<string, Spec> = {};
  const resources = Object.fromEntries(
    resourceTypes.map((type) => [type.token, resourceSpec(type, types)]),
  );
  const functions = Object.fromEntries(
    resourceTypes.map((type) => [type.getter, getterSpec(type, types)]),
  );
  const variables = { location: { type: "string" }, subscriptionId: { type: "string" } };
  return JSON.stringify({
    name: "azure-native",
    version,
    config: { variables },
    provider: { type: "object", inputProperties: variables },
    types,
    resources,
    functions,
  });
}

/** Schema of `random` with the types of the stand-in. */
export function randomSchema(version: string): string {
  const resources = Object.fromEntries(
    Object.entries(randomTypes).map(([token, type]) => [token, randomSpec(type)]),
  );
  return JSON.stringify({
    name: "random",
    version,
    // Tokens of the package repeat the type in their module: `index/randomPet:RandomPet`.
    meta: { moduleFormat: "(.*)(?:/[^/]*)" },
    provider: { type: "object" },
    resources,
  });
}

function resourceSpec(type: ResourceType, types: Record<string, Spec>): Spec {
  const path = pathSpec(type);
  const fields = sdkFields(type.shape).filter(([name]) => name !== "id");
  const spec = (prop: Prop, name: string) => propSpec(prop, nested(type.token, name), types);
  const inputs = fields.filter(([, prop]) => !prop.readOnly);
  const outputs = fields.filter(([, prop]) => !prop.writeOnly);
  const [own] = type.path.slice(-1);
  return {
    type: "object",
    inputProperties: {
      ...path,
      ...Object.fromEntries(inputs.map(([name, prop]) => [name, spec(prop, name)])),
    },
    // Its own name can be made up; the names above it cannot.
    requiredInputs: [
      ...type.path.filter((name) => name !== own),
      ...inputs.filter(([, prop]) => prop.required).map(([name]) => name),
    ],
    properties: {
      ...Object.fromEntries(outputs.map(([name, prop]) => [name, spec(prop, name)])),
      azureApiVersion: { type: "string" },
    },
  };
}

function getterSpec(type: ResourceType, types: Record<string, Spec>): Spec {
  const { properties } = resourceSpec(type, types) as { properties: Spec };
  return {
    inputs: {
      type: "object",
      properties: { ...pathSpec(type), expand: { type: "string" } },
      required: type.path,
    },
    outputs: { type: "object", properties: { ...properties, id: { type: "string" } } },
  };
}

const pathSpec = (type: ResourceType): Spec =>
  Object.fromEntries(type.path.map((name) => [name, { type: "string" }]));

/** Name of the type of a nested value, e.g. `azure-native:network:LoadBalancerProbes`. */
const nested = (token: string, field: string): string =>
  `${token}${field.charAt(0).toUpperCase()}${field.slice(1)}`;

function propSpec(prop: Prop, token: string, types: Record<string, Spec>): Spec {
  switch (prop.kind) {
    case "text":
      return { type: "string" };
    case "whole":
      return { type: "integer" };
    case "number":
      return { type: "number" };
    case "flag":
      return { type: "boolean" };
    case "list":
      return { type: "array", items: propSpec(prop.item ?? { kind: "any" }, token, types) };
    case "map":
      return {
        type: "object",
        additionalProperties: propSpec(prop.item ?? { kind: "text" }, token, types),
      };
    case "idSet":
      return { type: "array", items: { type: "string" } };
    case "record": {
      if (types[token] === undefined) {
        types[token] = { type: "object" };
        const fields = sdkFields(prop);
        types[token].properties = Object.fromEntries(
          fields.map(([name, field]) => [name, propSpec(field, nested(token, name), types)]),
        );
        types[token].required = fields.filter(([, f]) => f.required).map(([name]) => name);
      }
      return { $ref: `#/types/${token}` };
    }
    case "any":
      return { $ref: "pulumi.json#/Any" };
    default:
      return prop.kind satisfies never;
  }
}

function randomSpec(type: RandomType): Spec {
  const spec = (kind: string): Spec =>
    kind === "map"
      ? { type: "object", additionalProperties: { type: "string" } }
      : { type: kind.replace("!", "") };
  const inputs = Object.entries(type.inputs);
  const inputProperties = Object.fromEntries(inputs.map(([name, kind]) => [name, spec(kind)]));
  const secret = type.secrets ?? [];
  const outputs = type.outputs.map((name): [string, Spec] => [
    name,
    {
      type: name === "result" && type.numeric ? "number" : "string",
      secret: secret.includes(name),
    },
  ]);
  return {
    type: "object",
    inputProperties,
    requiredInputs: inputs.filter(([, kind]) => kind.endsWith("!")).map(([name]) => name),
    properties: { ...inputProperties, ...Object.fromEntries(outputs) },
  };
}
