import { InvalidArgumentError } from "commander";

/** Parses a command-line value that counts something: 1 or more. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`must be a whole number above 0, got ${text}`);
}
