import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { readEvents } from "../../tools/preview/events";
import { planOf } from "../../tools/preview/plan";
import { changed, goodStack, refusedChanges } from "../policy-pack/stacks";
import { StackOfData } from "../support/stackOfData";

const pack = path.resolve(__dirname, "../../policy-pack");

/** Each rule of the pack, by the real engine: it accepts the good stack and refuses a bad one. */
describe("the policy pack, run by the engine", () => {
  const project = new StackOfData();
  const log = path.join(project.dir, "events.jsonl");
  before(() => project.pulumi("stack", "select", "--create", "dev"));
  after(() => project.remove());

  /** Names of the rules that object, sorted, and the engine's exit code. */
  async function objections(settings: object = {}) {
    const config = path.join(project.dir, "settings.json");
    writeFileSync(config, JSON.stringify(settings));
    rmSync(log, { force: true });
    const packed = ["--policy-pack", pack, "--policy-pack-config", config];
    const { code, stdout, stderr } = await project.pulumi(
      ...["preview", "--stack", "dev", "--event-log", log, ...packed],
    );
    assert.ok(existsSync(log), stdout + stderr);
    const plan = planOf(readEvents(readFileSync(log, "utf8")));
    assert.ok(plan.complete, stdout + stderr);
    return {
      printed: stdout + stderr,
      code,
      violations: plan.violations,
      names: plan.violations.map((v) => v.policy).sort(),
    };
  }

  test("accepts the good stack before it exists", async () => {
    project.declare(goodStack);
    const { code, names } = await objections();
    assert.deepEqual(names, []);
    assert.equal(code, 0);
  });

  const mistakes = Object.entries(refusedChanges);
  // Azure refuses these by itself, as the embedded one says in a preview: the plan ends there.
  const refusedAnyway = {
    gateway: ["gateway-has-two-tunnels", "gateway-forwards-all-ports"],
    web: ["chained-balancer-is-standard"],
  };
  const anyway = Object.values(refusedAnyway).flat();
  const groups = {
    "each other rule": mistakes.map(([name]) => name).filter((name) => !anyway.includes(name)),
    ...refusedAnyway,
  };
  for (const [title, names] of Object.entries(groups)) {
    describe(`on a stack with one mistake for ${title}`, () => {
      const own = mistakes.filter(([name]) => names.includes(name));
      let found: Awaited<ReturnType<typeof objections>>;
      before(async () => {
        project.declare(own.reduce((so, [, { change }]) => changed(change, so), [...goodStack]));
        const settings = own.map(([name, refused]) => [name, { ...refused.settings }]);
        found = await objections(Object.fromEntries(settings));
      });

      for (const [name, { path: place }] of own) {
        test(`${name} objects, and says where`, () => {
          const violations = found.violations.filter(({ policy }) => policy === name);
          assert.equal(violations.length, 1, found.names.join());
          assert.match(violations[0]?.message ?? "", place);
          assert.equal(violations[0]?.mandatory, true);
        });
      }

      test("the preview fails", () => assert.notEqual(found.code, 0));
    });
  }

  test("is advisory where the configuration says so", async () => {
    const name = "public-entry-is-chained";
    project.declare(changed(refusedChanges[name]?.change ?? {}));
    const { code, names, violations } = await objections({ [name]: "advisory" });
    assert.deepEqual(names, [name]);
    assert.equal(violations[0]?.mandatory, false);
    assert.equal(code, 0);
  });

  test("sees the same of a stack that exists", async () => {
    project.declare(goodStack);
    const up = await project.pulumi("up", "--stack", "dev", "--yes", "--skip-preview");
    assert.equal(up.code, 0, up.stdout + up.stderr);
    assert.deepEqual((await objections()).names, []);
    const names = [
      "gateway-probe-is-honest",
      "nva-has-no-public-address",
      "public-entry-is-chained",
    ];
    const merged = names.reduce(
      (stack, name) => changed(refusedChanges[name]?.change ?? {}, stack),
      [...goodStack],
    );
    project.declare(merged);
    const found = await objections();
    assert.deepEqual(found.names, names, found.printed);
  });
});
