/** The guest's parsers against whatever a fuzzer thinks of. `npm run fuzz` looks for an hour. */
import path from "node:path";
import { describe, test } from "node:test";
import { checkout } from "../../../lab/paths";
import { run } from "../../../lab/run";
import { fuzzEnv, replayEnv } from "../../fuzz/env";

const program = (name: string) => ["python3", path.join(checkout, "test/fuzz", name)];
const SECONDS = 60;

describe("inputs from outside", () => {
  test("that were found once are used, or refused by name, in little time and few words", async () => {
    await run(program("replay.py"), { env: replayEnv, timeoutSeconds: 120 });
  });

  test(`that ${SECONDS} s of search bring up, too`, async (t) => {
    const { code } = await run(["python3", "-m", "pip", "--version"], { allowed: [0, 1] });
    if (code !== 0) {
      t.skip("no pip for Python: apt-get install python3-pip");
      return;
    }
    const env = await fuzzEnv();
    const { stdout } = await run([...program("fuzz.py"), String(SECONDS)], {
      env,
      timeoutSeconds: 5 * SECONDS,
    });
    t.diagnostic(stdout.trim());
  });
});
