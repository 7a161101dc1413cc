/**
 * The plainest program of the same resources: each is declared with the final text of each of its
 * inputs. It plans nothing, checks nothing, and waits for no value; only the order is kept.
 */
import { readFileSync } from "node:fs";
import * as compute from "@pulumi/azure-native/compute";
import * as network from "@pulumi/azure-native/network";
import * as resources from "@pulumi/azure-native/resources";
import type * as pulumi from "@pulumi/pulumi";

interface Declared {
  urn: string;
  /** Package of the SDK and class in it. */
  module: string;
  class: string;
  name: string;
  inputs: pulumi.Inputs;
  dependsOn: string[];
}
type Class = new (
  name: string,
  inputs: pulumi.Inputs,
  options: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;

/** Modules that any program of a gateway imports; the rest is loaded if it is declared. */
const modules: Record<string, unknown> = {
  "@pulumi/azure-native/compute": compute,
  "@pulumi/azure-native/network": network,
  "@pulumi/azure-native/resources": resources,
};

const made = new Map<string, pulumi.Resource>();
for (const one of JSON.parse(readFileSync("resources.json", "utf8")) as Declared[]) {
  const module = modules[one.module] ?? require(one.module);
  const { [one.class]: Resource } = module as Record<string, Class>;
  if (Resource === undefined) throw new Error(`${one.module} has no ${one.class}`);
  const dependsOn = one.dependsOn.flatMap((urn) => made.get(urn) ?? []);
  made.set(one.urn, new Resource(one.name, one.inputs, { dependsOn }));
}
