import * as pulumi from "@pulumi/pulumi";

/** A look at a resource before the engine changes it, in the preview already; it throws to refuse. */
export function look(name: string, work: pulumi.ResourceHookFunction): pulumi.ResourceHook[] {
  // The mock engine of the SDK, in unit tests, has no hooks.
  if (pulumi.runtime.getMonitor()?.registerResourceHook === undefined) return [];
  return [new pulumi.ResourceHook(name, work, { onDryRun: true })];
}
