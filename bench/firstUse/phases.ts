/** The phases of `npm start`, by what it says. Pure. */

/** Steps that took half a second or more say so: `machines and probes: 4.2 s`. */
const STEP = /^([^:\n]+): ([0-9.]+) s$/gm;

/** Seconds by phase, in order; what no step accounts for is the engine's and the proof's. */
export function phasesOf(said: string, whole: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, phase = "", seconds] of said.matchAll(STEP)) {
    found.set(phase, (found.get(phase) ?? 0) + Number(seconds));
  }
  const named = [...found.values()].reduce((sum, seconds) => sum + seconds, 0);
  return found.set("engine and everything else", Math.max(0, whole - named));
}
