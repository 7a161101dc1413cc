/** Which instances a scale set gives up. Pure. */
import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";

behavesSo("Microsoft.Compute/virtualMachineScaleSets", {
  says: "Scale-in keeps zones balanced, then takes the newest instances or the oldest, no protected ones.",
  documented: `${docs.scaleIn}; protection: ${docs.protection}`,
});

/** An instance as the choice sees it. */
export interface Candidate {
  id: string;
  /** Empty where the scale set has no zones. */
  zone: string;
  /** Sorts by time of creation. */
  age: string;
  healthy: boolean;
  /** Protected from scale-in: never chosen. */
  protected: boolean;
}

/** `scaleInPolicy`. */
export interface ScaleInPolicy {
  /** `Default` and `NewestVM` take the newest of a zone, `OldestVM` the oldest. */
  rule: "Default" | "OldestVM" | "NewestVM";
  /** Unhealthy instances go before healthy ones, whatever their age. */
  unhealthyFirst: boolean;
}

/**
 * Ids of up to `count` instances to remove. Zones are kept balanced first: each comes out of the zone
 * that has the most left; fewer are named only where the others are protected.
 */
export function chooseScaleIn(
  instances: readonly Candidate[],
  count: number,
  policy: ScaleInPolicy,
): string[] {
  const left = [...instances];
  const chosen: string[] = [];
  while (chosen.length < count) {
    const size = (zone: string) => left.filter((other) => other.zone === zone).length;
    const [next] = left
      .filter((instance) => !instance.protected)
      .sort(
        (a, b) =>
          (policy.unhealthyFirst ? Number(a.healthy) - Number(b.healthy) : 0) ||
          size(b.zone) - size(a.zone) ||
          byAge(a, b, policy.rule) ||
          a.id.localeCompare(b.id),
      );
    if (next === undefined) break;
    chosen.push(next.id);
    left.splice(left.indexOf(next), 1);
  }
  return chosen;
}

const byAge = (a: Candidate, b: Candidate, rule: ScaleInPolicy["rule"]): number =>
  rule === "OldestVM" ? a.age.localeCompare(b.age) : b.age.localeCompare(a.age);
