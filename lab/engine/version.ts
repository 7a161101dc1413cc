/** Which engines the lab takes. Pure. */

/** The engine that the lab builds, and that its tests run on. */
export const ENGINE_VERSION = "3.259.0";
/** The host for YAML programs that the lab builds; it comes from a module of its own. */
export const YAML_HOST_VERSION = "1.38.1";
/** An installed engine below this one is older than the SDK that the program uses. */
export const OLDEST_ENGINE = "3.248.0";
/** Older Go cannot fetch the toolchain that the engine's module asks for. */
export const OLDEST_GO = "1.24";

/** True if a version ("v3.259.0", "1.26.8", "go1.24rc1") is not below another one. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [numbers(version), numbers(least)];
  for (const [index, part] of want.entries()) {
    const other = have[index] ?? 0;
    if (other !== part) return other > part;
  }
  return have.length > 0;
}

function numbers(version: string): number[] {
  const text = /\d+(\.\d+)*/.exec(version)?.[0];
  return text === undefined ? [] : text.split(".").map(Number);
}
