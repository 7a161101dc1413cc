import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  consumerNameReason,
  firstName,
  ilpipNames,
  NETWORK_NAME_MAX,
  providerNameReason,
  providerNames,
  publicLoadBalancerNames,
  VM_NAME_MAX,
} from "../../../components/azure/names";

describe("names", () => {
  test("of a provider with the longest name fit Azure's limits", () => {
    const longest = "n".repeat(60);
    assert.equal(providerNameReason(longest), undefined);
    const names = providerNames(longest, ["1", "2", "3"]);
    assert.ok(names.nva.length <= VM_NAME_MAX);
    for (const name of Object.values(names)) assert.ok(name.length <= NETWORK_NAME_MAX, name);
    assert.match(providerNameReason(`${longest}n`) ?? "", /60/);
  });

  test("of a consumer with the longest name fit Azure's limits", () => {
    const longest = "n".repeat(NETWORK_NAME_MAX - "-outbound-address".length);
    assert.equal(consumerNameReason(longest), undefined);
    const all = { ...ilpipNames(longest), ...publicLoadBalancerNames(longest) };
    for (const name of Object.values(all)) assert.ok(name.length <= NETWORK_NAME_MAX, name);
    assert.notEqual(consumerNameReason(`${longest}n`), undefined);
  });

  test("zones name another load balancer, whatever their order, and nothing else", () => {
    const bare = providerNames("hub", []);
    const zoned = providerNames("hub", ["2", "1"]);
    assert.deepEqual(zoned, providerNames("hub", ["1", "2"]));
    assert.notEqual(zoned.loadBalancer, bare.loadBalancer);
    assert.deepEqual({ ...zoned, loadBalancer: "" }, { ...bare, loadBalancer: "" });
  });

  for (const bad of ["", "-hub", "hub-", "hub.east", "hub_east", "hub east", "hüb"]) {
    test(`a host cannot be called ${JSON.stringify(bad)}`, () => {
      assert.notEqual(providerNameReason(bad), undefined);
    });
  }
  for (const bad of ["", "-web", "web-", "web.", "_web", "web app"]) {
    test(`a network resource cannot be called ${JSON.stringify(bad)}`, () => {
      assert.notEqual(consumerNameReason(bad), undefined);
    });
  }

  test("of two providers never meet", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
    fc.assert(
      fc.property(name, name, (a, b) => {
        fc.pre(a !== b);
        const mine = new Set(Object.values(providerNames(a, [])));
        assert.ok(Object.values(providerNames(b, [])).every((other) => !mine.has(other)));
      }),
    );
  });
});

describe("firstName", () => {
  const urn = "urn:pulumi:dev::project::azure-gwlb:index:IlpipConsumer::old";
  for (const [name, aliases, want] of [
    ["is its own without aliases", undefined, "now"],
    ["is that of an alias", [{ name: "old" }], "old"],
    ["is that of the last alias, the oldest", [{ name: "newer" }, { name: "old" }], "old"],
    ["is read from a URN", [urn], "old"],
    ["is its own where an alias says another parent", [{ parent: {} }], "now"],
  ] as const) {
    test(name, () => assert.equal(firstName("now", aliases), want));
  }
});
