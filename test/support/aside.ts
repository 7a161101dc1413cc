/** The folder that a run of tests keeps its temporary files in, so that an interrupted run leaves none. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { removeCgroups } from "../../lab/machine/cgroups";

/** Test files remove what they make; what one could not that was told to stop, goes with this. */
export class Aside {
  readonly dir = mkdtempSync(path.join(tmpdir(), "gwlb-test-"));

  /** Variables of a process that keeps its temporary files here. */
  get env(): { TMPDIR: string } {
    return { TMPDIR: this.dir };
  }

  /** Removes everything; no process of the run may be left. Control groups are named after folders. */
  remove(): void {
    for (const name of existsSync(this.dir) ? readdirSync(this.dir) : []) {
      const dir = path.join(this.dir, name);
      for (const lab of [dir, path.join(dir, ".lab")]) removeCgroups(lab);
    }
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}
