import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { assignGateway } from "../../../../components/chains/plan/assignGateway";

const keys = Array.from({ length: 150 }, (_, i) => `web-${i}`);
const assigned = (gateways: string[]) => keys.map((key) => assignGateway(key, gateways));
const name = fc.string({ minLength: 1, maxLength: 12 });
const gateways = fc.uniqueArray(name, { minLength: 1, maxLength: 8 });

describe("assignGateway", () => {
  test("spreads 150 consumers over two gateways, none over Azure's limit", () => {
    const first = assigned(["east", "west"]).filter((gateway) => gateway === "east").length;
    assert.ok(first > 55 && first < 95, `${first}`);
  });

  test("is the same in every release: a change would move other people's consumers", () => {
    const of = (key: string) => assignGateway(key, ["gateway-1", "gateway-2", "gateway-3"]);
    assert.deepEqual(["web", "api", "mail", "shop", "login", "docs"].map(of), [
      ...["gateway-3", "gateway-2", "gateway-1", "gateway-3", "gateway-1", "gateway-1"],
    ]);
  });

  test("an added gateway takes about its share, and nothing else moves", () => {
    const [before, after] = [assigned(["a", "b"]), assigned(["a", "b", "c"])];
    const moved = after.filter((gateway, i) => gateway !== before[i]);
    assert.ok(moved.every((gateway) => gateway === "c"));
    assert.ok(moved.length > 30 && moved.length < 70, `${moved.length}`);
  });

  test("a removed gateway moves its own consumers only, and order means nothing", () => {
    fc.assert(
      fc.property(name, gateways, fc.nat(), (key, all, n) => {
        const chosen = assignGateway(key, all);
        assert.equal(assignGateway(key, [...all].reverse()), chosen);
        const left = all.filter((_, i) => i !== n % all.length);
        if (left.includes(chosen)) assert.equal(assignGateway(key, left), chosen);
      }),
    );
  });

  test("has nothing to choose from an empty list, and no gateway twice", () => {
    assert.throws(() => assignGateway("web", []), /no gateway/);
    assert.throws(() => assignGateway("web", ["a", "b", "a"]), /twice/);
  });
});
