import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { isDeferred, type Problem, type Reason } from "./problem";

/**
 * Throws all problems of one component's arguments at once; does nothing if there are none.
 *
 * `what` names the component as the user knows it, e.g. `GatewayProvider "hub"`. Programs in any
 * language see each problem with its path: through the engine as a structured error, in a
 * TypeScript program as a list.
 */
export function refuse(what: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ArgumentError(what, [...problems]);
}

/** A value to use, and what is already known to be wrong with it. */
export interface Gated<T> {
  value: pulumi.Input<T>;
  problems: Problem[];
}

/**
 * Checks an argument that may be an Output: a plain value at once, an Output as soon as it is
 * known, in preview too. Use the returned value: resources that depend on it wait for the check.
 */
export function gated<T>(
  what: string,
  propertyPath: string,
  value: pulumi.Input<T>,
  check: (value: T) => Reason,
): Gated<T> {
  const found = (known: T): Problem[] => {
    const reason = check(known);
    return reason === undefined ? [] : [{ propertyPath, reason }];
  };
  if (!isDeferred(value)) return { value, problems: found(value as T) };
  const output = asOutput(value).apply((known) => {
    refuse(what, found(known));
    return known;
  });
  return { value: output, problems: [] };
}

/**
 * The value as an Output; one that is an Output already stays the same. `pulumi.output` wraps it
 * in two more, which a program with many chains pays for in memory.
 */
export function asOutput<T>(value: pulumi.Input<T>): pulumi.Output<T> {
  return pulumi.Output.isInstance(value)
    ? (value as pulumi.Output<T>)
    : (pulumi.output(value as unknown) as pulumi.Output<T>);
}

/**
 * The engine shows the list of an InputPropertiesError by itself when the component is called
 * from another language. In a TypeScript program it prints whatever `inspect` gives: by default a
 * stack of the library's own lines with the list after it, so this says what to print instead.
 */
class ArgumentError extends pulumi.InputPropertiesError {
  constructor(what: string, errors: Problem[]) {
    const count = errors.length === 1 ? "1 argument" : `${errors.length} arguments`;
    super({ message: `${what}: ${count} cannot be used`, errors });
    this.name = "ArgumentError";
  }

  [inspect.custom](): string {
    const lines = this.errors.map(({ propertyPath, reason }) => `  ${propertyPath}: ${reason}`);
    return [this.message, ...lines].join("\n");
  }
}
