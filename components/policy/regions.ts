/** Sets of packets as products of ranges: what rules match, and what is left of it. */
import type { Family } from "../azure/addresses";
import type { FieldName } from "./fields/field";
import { FIELD_LIST } from "./fields/index";
import type { Packet } from "./packet";
import type { PlannedRule } from "./plan";
import type { RuleDirection } from "./policy";
import { covers, intersect, type Range, subtract } from "./ranges";

/** Every combination of a value for each field. */
export interface Region {
  direction: RuleDirection;
  family: Family;
  protocol: Packet["protocol"];
  /** Values of each field, as its axis has them; each merged, none empty. */
  sides: Sides;
}

type Sides = Readonly<Record<FieldName, readonly Range[]>>;

/** All packets of a direction, family and protocol. */
export function everything(
  direction: RuleDirection,
  family: Family,
  protocol: Packet["protocol"],
): Region {
  const sides = FIELD_LIST.map(([name, { axis }]) => [name, axis.whole(protocol, family)]);
  return { direction, family, protocol, sides: Object.fromEntries(sides) as Sides };
}

/** The part of a region that a rule matches; undefined if it matches none of it. */
export const matchedPart = (region: Region, rule: PlannedRule): Region | undefined =>
  within(region, takenBy(rule));

/** The common part of both regions; undefined if they have none. */
export const common = (a: Region, b: Region): Region | undefined =>
  a.direction === b.direction && a.family === b.family && a.protocol === b.protocol
    ? within(a, b.sides)
    : undefined;

/** True if every packet that opens a flow and matches `inner` matches `outer`. */
export function coversRule(outer: PlannedRule, inner: PlannedRule): boolean {
  const [wide, narrow] = [takenBy(outer), takenBy(inner)];
  return FIELD_LIST.every(([name]) => {
    const [all, some] = [wide[name], narrow[name]];
    return all === undefined || (some !== undefined && covers(all, some));
  });
}

/** The rest of a region without a part of it: at most one region per field. */
export function without(region: Region, part: Region): Region[] {
  const rest: Region[] = [];
  let sides = region.sides;
  for (const [name] of FIELD_LIST) {
    const outside = subtract(sides[name], part.sides[name]);
    if (outside.length > 0) rest.push({ ...region, sides: { ...sides, [name]: outside } });
    sides = { ...sides, [name]: part.sides[name] };
  }
  return rest;
}

/** Values that a rule's fields take; a field without any takes all. */
function takenBy(rule: PlannedRule): Partial<Sides> {
  const taken: Partial<Record<FieldName, readonly Range[]>> = {};
  for (const [name, { axis }] of FIELD_LIST) {
    if (rule[name] !== undefined) taken[name] = axis.taken(rule[name]);
  }
  return taken;
}

function within(region: Region, limits: Partial<Sides>): Region | undefined {
  const sides: Partial<Record<FieldName, readonly Range[]>> = {};
  for (const [name] of FIELD_LIST) {
    const limit = limits[name];
    const side = region.sides[name];
    sides[name] = limit === undefined ? side : intersect(side, limit);
    if (sides[name]?.length === 0) return undefined;
  }
  return { ...region, sides: sides as Sides };
}
