/**
 * The table of match fields. Each field has one entry: its problems, its lines in iptables for
 * openers and for answers, the evaluator's test, its axis in regions, its words.
 * The compiler refuses a field of {@link FirewallRule} without an entry, and an entry without a
 * part.
 */
import type { FirewallRule } from "../policy";
import { destinations, sources } from "./addresses";
import { dscp } from "./dscp";
import type { FieldName, MatchField } from "./field";
import { icmpTypes } from "./icmpTypes";
import { ports } from "./ports";
import { protocol } from "./protocol";
import { sourcePorts } from "./sourcePorts";
import { tcpFlags } from "./tcpFlags";

/** In the order in which they are looked at and named. */
export const FIELDS = {
  protocol,
  sources,
  destinations,
  ports,
  sourcePorts,
  tcpFlags,
  icmpTypes,
  dscp,
} satisfies { readonly [K in FieldName]: MatchField<NonNullable<FirewallRule[K]>, unknown> };

/** The meaning of each field in one family; an absent one matches everything. */
export type PlannedFields = {
  readonly [K in FieldName]?: (typeof FIELDS)[K] extends MatchField<infer _, infer P> ? P : never;
};

/** The table for those who treat all fields alike. */
export const FIELD_LIST = Object.entries(FIELDS) as unknown as readonly (readonly [
  FieldName,
  MatchField<unknown, unknown>,
])[];
