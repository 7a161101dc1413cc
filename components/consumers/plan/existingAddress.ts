/** Public addresses of a consumer: one that it is given, or its own, of a prefix if it is given one. Pure. */
import type { Input } from "@pulumi/pulumi";
import { publicAddressIdReason, publicIPPrefixIdReason } from "../../azure/resourceId";
import { at, type Problem } from "../../check/problem";
import { type Gated, gated } from "../../check/refuse";

/** The address, checked; undefined where the consumer makes its own. */
export const existingAddressOf = (
  what: string,
  id: Input<string> | undefined,
): Gated<string> | undefined =>
  id === undefined ? undefined : gated(what, "publicAddressId", id, publicAddressIdReason);

/** The prefix that new addresses are of, checked; undefined where Azure chooses them. */
export const prefixOf = (what: string, id: Input<string> | undefined): Gated<string> | undefined =>
  id === undefined ? undefined : gated(what, "publicIPPrefixId", id, publicIPPrefixIdReason);

/** Arguments that say what the consumer's own address is like, where it makes none. */
export const ownAddressProblems = <T extends { publicAddressId?: unknown }>(
  args: T,
  own: readonly (keyof T & string)[],
): Problem[] =>
  args.publicAddressId === undefined
    ? []
    : own.flatMap((name) =>
        at(
          name,
          args[name] === undefined
            ? undefined
            : "must be left out beside publicAddressId: it is about a new address",
        ),
      );
