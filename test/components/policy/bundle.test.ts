import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  bundlePolicy,
  compilePolicy,
  type FirewallPolicy,
  planPolicy,
} from "../../../components/policy";
import { decodeBundle, USER_DATA_LIMIT } from "../../../components/policy/bundle";

const reference: FirewallPolicy = {
  rules: [
    {
      name: "no-ssh",
      action: "drop",
      direction: "inbound",
      sources: ["8.8.8.8"],
      protocol: "tcp",
      ports: ["22"],
    },
  ],
  defaultInbound: "allow",
  defaultOutbound: "allow",
};

/** Random networks from a fixed seed (a linear congruential generator). */
function networks(count: number): string[] {
  let state = 42;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  return Array.from({ length: count }, () => {
    const prefix = 16 + (next() >>> 29) + (next() >>> 29);
    const first = (next() & (-1 << (32 - prefix))) >>> 0;
    return `${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join(".")}/${prefix}`;
  });
}

describe("bundlePolicy", () => {
  test("comes back as the compiled policy, and is the same every time", () => {
    const bundle = bundlePolicy(reference);
    assert.deepEqual(decodeBundle(bundle.userData), compilePolicy(planPolicy(reference)));
    assert.deepEqual(bundlePolicy(structuredClone(reference)), bundle);
    assert.equal(bundle.bytes, bundle.userData.length);
  });

  test("begins with version and hash in clear", () => {
    const { userData, hash } = bundlePolicy(reference);
    const header = Buffer.from(userData, "base64").toString("latin1").split("\n")[0];
    assert.equal(header, `azure-gwlb-policy/1 sha256:${hash}`);
  });

  test("10,000 random networks fit into userData", () => {
    const bundle = bundlePolicy({
      rules: [{ name: "bad", action: "drop", direction: "inbound", sources: ["bad"] }],
      addressSets: { bad: networks(10_000) },
    });
    assert.ok(bundle.bytes <= USER_DATA_LIMIT, `${bundle.bytes} bytes`);
  });

  test("a changed byte is seen", () => {
    const bytes = Buffer.from(bundlePolicy(reference).userData, "base64");
    const other = Buffer.from(
      bundlePolicy({ ...reference, defaultInbound: "drop" }).userData,
      "base64",
    );
    const header = bytes.subarray(0, bytes.indexOf("\n"));
    const swapped = Buffer.concat([header, other.subarray(other.indexOf("\n"))]);
    assert.throws(() => decodeBundle(swapped.toString("base64")), /its content is/);
    assert.throws(() => decodeBundle(""), /not a bundle/);
  });
});
