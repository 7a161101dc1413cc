import { AsyncResource } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";

/** A look at a resource before the engine changes it, in the preview already; it throws to refuse. */
export function look(name: string, work: pulumi.ResourceHookFunction): pulumi.ResourceHook[] {
  // The mock engine of the SDK, in unit tests, has no hooks.
  if (pulumi.runtime.getMonitor()?.registerResourceHook === undefined) return [];
  // As a component package, one process serves several programs: the SDK finds the engine of each in
  // the asynchronous context, and the engine calls a hook outside of any.
  return [new pulumi.ResourceHook(name, AsyncResource.bind(work), { onDryRun: true })];
}
