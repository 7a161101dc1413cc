/** The health extension's verdicts, from what an instance answers. */
import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { run } from "../../../lab/run";

const platform = path.resolve(__dirname, "../../../lab/platform");

const PROGRAM = `
import json, sys
from health import Check, Judge, Said, judged
given = json.load(sys.stdin)
check = Check("vm", "ns", "1", "http", 8080, "/", 5.0, given["probes"], 30.0, given["rich"])
judge = Judge(check, 0.0)
said = [judged(check, code, body, "Unknown" if check.rich else "Unhealthy") for code, body in given["answers"]]
print(json.dumps([judge.state(one, 5.0 * i) for i, one in enumerate(said)]))
`;

/** States after each of the answers, one every 5 seconds, with a grace period of 30. */
async function states(
  answers: readonly (readonly [code: number, body?: string])[],
  { rich = true, probes = 1 } = {},
): Promise<string[]> {
  const env = { ...process.env, PYTHONPATH: platform, PYTHONDONTWRITEBYTECODE: "1" };
  const given = { rich, probes, answers: answers.map(([code, body = ""]) => [code, body]) };
  const input = JSON.stringify(given);
  const { stdout } = await run(["python3", "-c", PROGRAM], { env, input });
  return JSON.parse(stdout) as string[];
}

const well = [200, '{"ApplicationHealthState":"Healthy"}'] as const;
const sick = [200, '{"ApplicationHealthState":"Unhealthy"}'] as const;
const down = [503, "draining"] as const;

describe("the health extension", () => {
  for (const [what, answers, expected] of [
    ["takes the body's word", [well, sick, well], ["Healthy", "Unhealthy", "Healthy"]],
    ["knows nothing from an error", [well, down], ["Healthy", "Unknown"]],
    ["knows nothing from a body that is none", [well, [200, "ok"]], ["Healthy", "Unknown"]],
    [
      "knows nothing from another state",
      [well, [200, '{"ApplicationHealthState":"Fine"}']],
      ["Healthy", "Unknown"],
    ],
    [
      "waits for the start until the grace period ends",
      Array(8).fill(down),
      [...Array(6).fill("Initializing"), "Unknown", "Unknown"],
    ],
    ["counts its own word that it is not well also at the start", [sick], ["Unhealthy"]],
  ] as const) {
    test(`version 2.0 ${what}`, async () => assert.deepEqual(await states(answers), expected));
  }

  test("changes after as many answers alike as numberOfProbes says", async () => {
    const answers = [well, well, down, well, down, down];
    assert.deepEqual(await states(answers, { probes: 2 }), [
      ...["Initializing", "Healthy", "Healthy", "Healthy", "Healthy", "Unknown"],
    ]);
  });

  test("version 1.0 takes 200 and nothing else", async () => {
    const answers = [[200], [204], [200, "anything"]] as const;
    assert.deepEqual(await states(answers, { rich: false }), ["Healthy", "Unhealthy", "Healthy"]);
  });
});
