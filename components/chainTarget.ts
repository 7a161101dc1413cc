import * as pulumi from "@pulumi/pulumi";
import { ChainCount } from "./gateway/chainCount";
import { at, type Problem } from "./gateway/problem";
import { chainTargetReason } from "./gateway/resourceId";
import { type Gated, gated, refuse } from "./refuse";

/**
 * Checks what a consumer is chained to, and counts its chains. An Output is counted twice over: by
 * what it is at once, which is before anything of the program is created, and by the id as soon as
 * that is known, since several Outputs may hold the same one. Other programs' chains are not seen.
 *
 * Throws the one too many at once, so that the program ends there.
 */
export function chainTarget(what: string, id: pulumi.Input<string>, chains: number): Gated<string> {
  const propertyPath = "gatewayFrontendId";
  const count = countOfProgram();
  const { value, problems } = gated(what, propertyPath, id, chainTargetReason);
  // What is no frontend is not counted.
  if (typeof value === "string" && problems.length > 0) return { value, problems };
  if (typeof value === "string" || typeof id === "object") {
    const reason = count.add(typeof value === "string" ? value : id, chains);
    if (reason !== undefined) fail(count, what, at(propertyPath, reason));
  }
  if (typeof value === "string") return { value, problems };
  const known = pulumi.output(value).apply((found) => {
    refuse(what, at(propertyPath, count.add(found, chains)));
    return found;
  });
  return { value: known, problems };
}

/** Throws, and lets nothing that waits for the count be created. */
function fail(count: ChainCount, what: string, problems: Problem[]): void {
  try {
    refuse(what, problems);
  } catch (error) {
    count.failure = error;
    throw error;
  }
}

/**
 * The value, once the program has been read without a chain too many. What is declared before the
 * one too many would otherwise be created although the program fails: the engine's client sends
 * everything that it has been given.
 */
export function whenCounted<T>(value: pulumi.Input<T>): pulumi.Output<T> {
  const count = countOfProgram();
  const read = new Promise<boolean>((resolve, reject) => {
    // After the part of the program that runs in one go. One error for all, so that it is shown once.
    setImmediate(() => (count.failure === undefined ? resolve(true) : reject(count.failure)));
  });
  return pulumi.all([value, read]).apply(([found]) => found as T);
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
