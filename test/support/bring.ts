/** Things that take minutes once, and a cache keeps from then on. */
import { buildProgram, YAML_HOST } from "../../lab/engine/build";
import { ensureEngine } from "../../lab/engine/ensure";
import { ensureRootfs } from "../../lab/machine/image";
import { cacheDir } from "../../lab/paths";
import { Progress } from "../../lab/progress";
import { ensureLoad } from "./load";

/** Things that are built, by the sources of the tests that need them. */
const BUILT = {
  engine: /support\/(azureStack|drill|examples|fleetLab|lab|stackOfData)"|npm run|preview\.yml/,
  yamlHost: /yaml-consumer/,
  machine: /support\/(drill|examples|fabricBox|fleetLab|guest)"|machine\/image"/,
  load: /support\/(fleetLab|load)"/,
};

type Built = keyof typeof BUILT;

/** Things that the tests of these sources need. Pure. */
export function neededBy(sources: readonly string[]): Built[] {
  const names = Object.keys(BUILT) as Built[];
  return names.filter((name) => sources.some((source) => BUILT[name].test(source)));
}

/**
 * Builds what this machine lacks before the first test begins, so that a build falls into no test's
 * time limit, and since no network is in the boxes of the data path. A failed build is said;
 * the tests that need it say so again.
 */
export async function bring(needed: readonly Built[]): Promise<void> {
  const progress = new Progress();
  const build: Record<Built, () => Promise<unknown>> = {
    engine: () => ensureEngine(progress),
    yamlHost: async () => {
      // The official release brings the hosts of all languages.
      const { hasNodeHost } = await ensureEngine(progress);
      return hasNodeHost ? undefined : buildProgram(YAML_HOST, progress);
    },
    machine: () => ensureRootfs(cacheDir(), progress),
    load: ensureLoad,
  };
  for (const name of needed) {
    await build[name]().catch((problem: unknown) => console.log(String(problem)));
  }
}
