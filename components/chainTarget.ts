import * as pulumi from "@pulumi/pulumi";
import { ChainCount } from "./gateway/chainCount";
import { at, type Problem } from "./gateway/problem";
import { chainTargetReason } from "./gateway/resourceId";
import { type Gated, gated, refuse } from "./refuse";

/**
 * Checks what a consumer is chained to, and counts its chains. An Output is counted twice over: by
 * what it is at once, which is before anything of the program is created, and by the id as soon as
 * that is known, since several Outputs may hold the same one. Other programs' chains are not seen:
 * Azure does not tell them.
 */
export function chainTarget(what: string, id: pulumi.Input<string>, chains: number): Gated<string> {
  const propertyPath = "gatewayFrontendId";
  const count = countOfProgram();
  const { value, problems } = gated(what, propertyPath, id, chainTargetReason);
  if (typeof value === "string") {
    return { value, problems: [...problems, ...counted(count, value, problems, chains)] };
  }
  const early = typeof id === "object" ? at(propertyPath, count.add(id, chains)) : [];
  if (early.length > 0) return { value, problems: early };
  const known = pulumi.output(value).apply((found) => {
    refuse(what, at(propertyPath, count.add(found, chains)));
    return found;
  });
  return { value: known, problems };
}

/** What is no frontend is not counted. */
function counted(count: ChainCount, id: string, wrong: readonly Problem[], chains: number) {
  return wrong.length > 0 ? [] : at("gatewayFrontendId", count.add(id, chains));
}

const counts = new Map<string, ChainCount>();
const countsOfMocks = new WeakMap<object, ChainCount>();
const countOfNobody = new ChainCount();

/**
 * The count of the program that runs. One process may run several, in tests and with the automation
 * interface, and as a component package it answers one program in several calls: what a program
 * has for itself is the address of its engine's monitor.
 */
function countOfProgram(): ChainCount {
  const monitor: object | undefined = pulumi.runtime.getMonitor();
  if (monitor === undefined) return countOfNobody;
  const address = (monitor as { getChannel?(): { getTarget(): string } })
    .getChannel?.()
    .getTarget();
  const found = address === undefined ? countsOfMocks.get(monitor) : counts.get(address);
  if (found !== undefined) return found;
  const made = new ChainCount();
  if (address === undefined) countsOfMocks.set(monitor, made);
  else counts.set(address, made);
  return made;
}
