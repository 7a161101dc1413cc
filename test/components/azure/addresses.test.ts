import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import * as addresses from "../../../components/azure/addresses";

describe("parseNetwork", () => {
  for (const { text, want } of [
    { text: "10.7.0.4", want: "10.7.0.4/32" },
    { text: "10.7.0.1/16", want: "10.7.0.0/16" },
    { text: "0.0.0.0/0", want: "0.0.0.0/0" },
    { text: "2001:db8::1/64", want: "2001:db8::/64" },
    { text: "10.7.0.04", want: undefined },
    { text: "10.7.0", want: undefined },
    { text: "1.2.3.4x", want: undefined },
    { text: "8.8.8.8/33", want: undefined },
    { text: "8.8.8.8/08", want: undefined },
    { text: "8.8.8.8/", want: undefined },
    { text: "fe80::1%eth0", want: undefined },
    { text: "", want: undefined },
  ]) {
    test(`reads "${text}" as ${want}`, () => {
      const network = addresses.parseNetwork(text);
      assert.equal(network && addresses.formatNetwork(network), want);
    });
  }

  test("what is formatted is read back as the same network", () => {
    const value = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 32 }), (address, prefix) => {
        const network = addresses.parseNetwork(`${addresses.formatAddress(address, 4)}/${prefix}`);
        assert.ok(network);
        assert.deepEqual(addresses.parseNetwork(addresses.formatNetwork(network)), network);
        assert.equal(network.last - network.first + 1n, 2n ** BigInt(32 - prefix));
      }),
    );
  });
});

describe("hasHostBits", () => {
  test("is true only for an address inside its network", () => {
    assert.equal(addresses.hasHostBits("10.7.0.1/16"), true);
    assert.equal(addresses.hasHostBits("10.7.0.0/16"), false);
    assert.equal(addresses.hasHostBits("10.7.0.1"), false);
    assert.equal(addresses.hasHostBits("2001:db8::1/64"), true);
  });
});
