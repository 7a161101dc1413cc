/**
 * `npm test`: the checks and the three tiers of tests, ending with the counts. They come one after
 * another, but for the engine's, which runs while the data path's waits for machines.
 *
 *   npm test                    everything
 *   npm test -- unit engine     some of: checks, unit, engine, datapath
 *   npm test -- tunnels         test files whose path contains the word
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { whenOrphaned } from "../lab/engine/parent";
import { checks } from "./checks";
import { Aside } from "./support/aside";
import { bring, neededBy } from "./support/bring";
import { missingForDataPath } from "./support/host";
import { type Counts, isInterrupted, runFiles } from "./support/runFiles";

const root = path.resolve(__dirname, "..");
/** Files that take a minute or more, in the order in which they begin, before all others. */
const LONG = [
  ...["fleet-life", "machine-faults", "firewall-differential", "examples", "guest-drain"],
  ...["fleet-soak", "drill-nva"],
];
const turnOf = (file: string) => {
  const place = LONG.indexOf(path.basename(file, ".test.ts"));
  return place < 0 ? LONG.length : place;
};
const aside = new Aside();
const common = { cwd: root, env: aside.env };
const tiers = ["checks", "unit", "engine", "datapath"] as const;
type Tier = (typeof tiers)[number];

/** Test files of a tier, as paths from the root. */
function filesOf(tier: Tier, words: string[]): string[] {
  if (tier === "checks") return [];
  const all = readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => path.posix.join("test", file.split(path.sep).join("/")))
    .sort();
  const tierOf = (file: string): Tier =>
    file.startsWith("test/engine/")
      ? "engine"
      : file.startsWith("test/datapath/")
        ? "datapath"
        : "unit";
  return all.filter(
    (file) => tierOf(file) === tier && (words.length === 0 || words.some((w) => file.includes(w))),
  );
}

async function runTier(
  tier: Tier,
  words: string[],
  total: Counts,
  { lacking, background }: { lacking: string | undefined; background: boolean },
): Promise<void> {
  if (tier === "checks") {
    if (words.length > 0) return;
    for (const check of checks) {
      const problem = await check.run();
      if (typeof problem === "object") {
        console.log(`- ${check.name}: skipped: ${problem.skipped}`);
        total.skipped += 1;
        continue;
      }
      if (problem === undefined) total.passed += 1;
      else total.failed += 1;
      console.log(`${problem === undefined ? "✔" : "✖"} ${check.name}`);
      if (problem) console.log(problem);
    }
    return;
  }
  const files = filesOf(tier, words);
  if (files.length === 0) return;
  if (tier === "datapath" && lacking !== undefined) {
    console.log(`- ${tier}: ${files.length} files skipped: ${lacking}`);
    total.skipped += files.length;
    return;
  }
  const add = ({ passed, failed, skipped }: Counts) => {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  };
  if (tier !== "datapath") {
    return add(await runFiles(files, { ...common, concurrency: 2, live: !background, background }));
  }
  // Each file in namespaces of its own, where the kernel removes what it leaves; two at a time,
  // as most of their time is waiting for machines. Drills in full are a load for the whole machine.
  const lanes = process.env.GWLB_DRILLS === "full" ? 1 : 2;
  const waiting = files.toSorted((a, b) => turnOf(a) - turnOf(b));
  const lane = async () => {
    for (
      let file = waiting.shift();
      file !== undefined && !isInterrupted();
      file = waiting.shift()
    ) {
      add(
        await runFiles([file], { ...common, box: true, live: files.length === 1 || lanes === 1 }),
      );
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function main(): Promise<void> {
  // npm ends its shell on a signal and leaves what runs in that.
  whenOrphaned(() => process.kill(process.pid, "SIGTERM"));
  const words = process.argv.slice(2);
  const named = tiers.filter((tier) => words.includes(tier));
  const patterns = words.filter((word) => !tiers.some((tier) => tier === word));
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const lacking = await missingForDataPath();
  const wanted = named.length > 0 ? named : tiers;
  const timed = async (tier: Tier, background = false) => {
    const begun = Date.now();
    console.log(`\n== ${tier}${background ? ", beside the next" : ""}`);
    await runTier(tier, patterns, total, { lacking, background });
    console.log(`== ${tier}: ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  };
  // The processor is idle for a third of the data path's time. Full drills want it for themselves.
  const beside =
    wanted.includes("datapath") &&
    filesOf("datapath", patterns).length > 0 &&
    lacking === undefined &&
    process.env.GWLB_DRILLS !== "full";
  const able = wanted.filter((tier) => tier !== "datapath" || lacking === undefined);
  const files = able.flatMap((tier) => filesOf(tier, patterns));
  await bring(neededBy(files.map((file) => readFileSync(path.join(root, file), "utf8"))));
  const running: Promise<void>[] = [];
  try {
    for (const tier of wanted) {
      if (isInterrupted()) break;
      if (tier === "engine" && beside) running.push(timed(tier, true));
      else await timed(tier);
    }
  } finally {
    await Promise.all(running);
  }
  if (process.env.CI && total.skipped > 0) {
    console.log("skipped tests count as failed where CI is set");
    total.failed += total.skipped;
  }
  if (total.passed + total.failed === 0) total.failed = 1;
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

void main().finally(() => aside.remove());
