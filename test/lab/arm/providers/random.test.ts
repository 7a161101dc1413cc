import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import { UNKNOWN } from "../../../../lab/arm/providers/values";
import { type Provider, startProvider } from "./client";

const urn = (type: string) =>
  `urn:pulumi:dev::test::random:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}::it`;
const PASSWORD = urn("RandomPassword");

describe("random, as the engine calls it", () => {
  let provider: Provider;
  before(async () => {
    provider = await startProvider("random", tmpdir());
  });
  after(() => provider.stop());

  test("a password keeps to its inputs and is another one each time", async () => {
    const inputs = { length: 20, special: false, minNumeric: 3, minUpper: 2 };
    const [a, b] = [
      await provider.create(PASSWORD, inputs),
      await provider.create(PASSWORD, inputs),
    ];
    assert.match(String(a.state.result), /^[A-Za-z0-9]{20}$/);
    assert.ok((String(a.state.result).match(/\d/g) ?? []).length >= 3);
    assert.notEqual(a.state.result, b.state.result);
    assert.equal(a.id, "none");
  });

  test("what cannot be met is an error", async () => {
    await assert.rejects(provider.create(PASSWORD, { length: 2, minLower: 3 }), /length 2/);
    const bounds = provider.create(urn("RandomInteger"), { min: 2, max: 1 });
    await assert.rejects(bounds, /max 1 is below min 2/);
  });

  test("a preview leaves the value unknown", async () => {
    const { state } = await provider.create(PASSWORD, { length: 9 }, true);
    assert.deepEqual([state.result, state.bcryptHash, state.length], [UNKNOWN, UNKNOWN, 9]);
  });

  test("inputs are checked by name and type", async () => {
    const { failures } = await provider.check(PASSWORD, { size: 3, lower: "yes" });
    assert.deepEqual(failures.sort(), [
      "'lower' must be a boolean, got string",
      "missing required property 'length'",
      "unknown property 'size'",
    ]);
    await assert.rejects(provider.check(urn("RandomShuffle"), {}), /randomShuffle/);
  });

  test("any change makes a new value, an equal one does not; a refresh keeps it", async () => {
    const made = await provider.create(PASSWORD, { length: 9, keepers: { a: "1" } });
    assert.equal((await provider.diff(PASSWORD, made, made.inputs)).changed, false);
    const plan = await provider.diff(PASSWORD, made, { length: 9, keepers: { a: "2" } });
    assert.deepEqual(plan.paths, ["keepers.a!"]);
    assert.deepEqual(await provider.read(PASSWORD, made.id, made), made);
  });

  test("ids, bytes, numbers and names have their forms", async () => {
    const id = await provider.create(urn("RandomId"), { byteLength: 4, prefix: "p-" });
    assert.match(String(id.state.hex), /^p-[0-9a-f]{8}$/);
    const bytes = await provider.create(urn("RandomBytes"), { length: 32 });
    assert.equal(
      Buffer.from(String(bytes.state.base64), "base64").toString("hex"),
      bytes.state.hex,
    );
    const number = await provider.create(urn("RandomInteger"), { min: 5, max: 5 });
    assert.equal(number.state.result, 5);
    const seeded = { min: 0, max: 1_000_000, seed: "s" };
    const [a, b] = [
      await provider.create(urn("RandomInteger"), seeded),
      await provider.create(urn("RandomInteger"), seeded),
    ];
    assert.equal(a.state.result, b.state.result);
    assert.match((await provider.create(urn("RandomPet"), { length: 3 })).id, /^\w+-\w+-\w+$/);
    assert.match((await provider.create(urn("RandomUuid"), {})).id, /^[0-9a-f-]{36}$/);
    const text = await provider.create(urn("RandomString"), { length: 5, overrideSpecial: "_" });
    assert.match(String(text.state.result), /^\w{5}$/);
  });
});
