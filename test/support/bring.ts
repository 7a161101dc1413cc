/** What takes minutes once, and a cache keeps from then on. */
import { buildProgram, YAML_HOST } from "../../lab/engine/build";
import { ensureEngine } from "../../lab/engine/ensure";
import { ensureRootfs } from "../../lab/machine/image";
import { cacheDir } from "../../lab/paths";
import { Progress } from "../../lab/progress";
import { ensureLoad } from "./load";

export interface BringOptions {
  /** For tests that run the engine. */
  engine: boolean;
  /** For tests in boxes, where no network is. */
  boxes: boolean;
}

/**
 * Builds what this machine lacks before the first test begins, so that a build falls into no test's
 * time limit. What cannot be built is said; the tests that need it say so again.
 */
export async function bring({ engine, boxes }: BringOptions): Promise<void> {
  const progress = new Progress();
  if (engine) {
    await said(async () => {
      const { hasNodeHost } = await ensureEngine(progress);
      // The official release brings the hosts of all languages.
      if (!hasNodeHost) await buildProgram(YAML_HOST, progress);
    });
  }
  if (boxes) {
    await said(() => ensureRootfs(cacheDir(), progress));
    await said(ensureLoad);
  }
}

async function said(work: () => Promise<unknown>): Promise<void> {
  await work().catch((problem: unknown) => console.log(String(problem)));
}
