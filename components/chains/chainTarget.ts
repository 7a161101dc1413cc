import * as pulumi from "@pulumi/pulumi";
import { chainTargetReason } from "../azure/resourceId";
import { at, isDeferred, type Problem } from "../check/problem";
import { type Gated, gated, refuse } from "../check/refuse";
import { ChainCount } from "./plan/chainCount";

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
  const add = (target: string | object) => {
    const reason = count.add(target, chains);
    if (reason !== undefined) fail(count, what, at(propertyPath, reason));
  };
  if (isDeferred(id)) add(id);
  const checked = gated(
    what,
    propertyPath,
    id,
    (found) => chainTargetReason(found) ?? (isDeferred(id) ? count.add(found, chains) : undefined),
  );
  // What is no frontend is not counted.
  if (!isDeferred(id) && checked.problems.length === 0) add(id);
  return checked;
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
  const reading = readings.get(count) ?? readOn(count);
  const known = reading.values.get(value);
  if (known !== undefined) return known as pulumi.Output<T>;
  const waiting = pulumi.all([value, reading.done]).apply(([found]) => found as T);
  reading.values.set(value, waiting);
  return waiting;
}

/** A part of a program that runs in one go. */
interface Reading {
  /** Resolves when it has ended. */
  done: Promise<boolean>;
  /** What waits for it, one Output for each value: consumers share their resource group. */
  values: Map<unknown, pulumi.Output<unknown>>;
}

const readings = new WeakMap<ChainCount, Reading>();

function readOn(count: ChainCount): Reading {
  const done = new Promise<boolean>((resolve, reject) => {
    setImmediate(() => {
      readings.delete(count);
      // One error for all, so that it is shown once.
      if (count.failure === undefined) resolve(true);
      else reject(count.failure);
    });
  });
  const reading = { done, values: new Map() };
  readings.set(count, reading);
  return reading;
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
