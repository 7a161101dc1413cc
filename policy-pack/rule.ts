/** A rule is a plain object, so that a test calls it without an engine. */
import type { Value } from "./values";

/** A resource of the stack under check. */
export interface Resource {
  urn: string;
  /** azure-native's token without API version, such as `azure-native:network:LoadBalancer`. */
  type: string;
  /** Logical name in the program. */
  name: string;
  /** Inputs; outputs where the program only reads the resource. */
  properties: Value;
  /** URNs that the resource depends on; only filled for a rule about the stack. */
  dependencies: readonly string[];
}

/** Something a rule objects to. */
export interface Finding {
  urn: string;
  /** The problem with path and value, and a way out. */
  message: string;
}

/** A setting of a rule, as JSON schema describes it. */
export interface SettingSchema {
  type: "number" | "integer" | "string" | "array";
  description: string;
  items?: { type: "number" | "integer" | "string"; minimum?: number; maximum?: number };
  minimum?: number;
  maximum?: number;
}

/** How hard a rule is by default; the pack's configuration may say otherwise. */
export const Level = { Advisory: "advisory", Mandatory: "mandatory" } as const;
export type Level = (typeof Level)[keyof typeof Level];

/** The subject of a rule in one call: a resource before it is deployed, or the whole stack. */
export const Scope = { Resource: "resource", Stack: "stack" } as const;
export type Scope = (typeof Scope)[keyof typeof Scope];

/** A rule of the pack. `Settings` are what the pack's configuration can change, by name. */
export interface Rule<Settings extends object = object> {
  /** Name in the configuration and in violations. */
  name: string;
  /** One sentence: what must hold. */
  description: string;
  level: Level;
  scope: Scope;
  /** Types the rule is about; for a stack rule, those without which it has nothing to say. */
  types: readonly string[];
  /** Settings that apply where the configuration is silent. */
  defaults: Settings;
  schema: { readonly [name in keyof Settings]: SettingSchema };
  /** The rule's objections; `resources` holds one resource when the scope is a resource. */
  check(resources: readonly Resource[], settings: Settings): Finding[];
}

/** Types of azure-native that the rules know, without API version. */
export const Type = {
  LoadBalancer: "azure-native:network:LoadBalancer",
  NetworkInterface: "azure-native:network:NetworkInterface",
  NetworkSecurityGroup: "azure-native:network:NetworkSecurityGroup",
  SecurityRule: "azure-native:network:SecurityRule",
  ScaleSet: "azure-native:compute:VirtualMachineScaleSet",
  ScaleSetExtension: "azure-native:compute:VirtualMachineScaleSetExtension",
  VirtualMachine: "azure-native:compute:VirtualMachine",
} as const;

/**
 * The type without the API version that packages of a single version put into it:
 * `azure-native:network/v20240501:LoadBalancer` and `azure-native_network_v20240501:network:…` are
 * the same resource to a rule.
 */
export function plainType(type: string): string {
  const [provider = "", module = "", name = ""] = type.split(":");
  return [provider.split("_")[0], module.split("/")[0], name].join(":");
}
