import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatPacket, parsePacket } from "../../../components/policy/packetText";

describe("parsePacket", () => {
  for (const { from, to, text } of [
    { from: "8.8.8.8", to: "20.1.1.1:22/tcp", text: "8.8.8.8:40000 → 20.1.1.1:22/tcp" },
    { from: "8.8.8.8:53", to: "20.1.1.1:53/udp", text: "8.8.8.8:53 → 20.1.1.1:53/udp" },
    { from: "8.8.8.8", to: "20.1.1.1/icmp", text: "8.8.8.8 → 20.1.1.1/icmp:8" },
    { from: "::1", to: "::2/icmp:echo-reply", text: "::1 → ::2/icmp:129" },
    {
      from: "[2001:db8::1]:5",
      to: "[2001:db8::2]:22/tcp",
      text: "[2001:db8::1]:5 → [2001:db8::2]:22/tcp",
    },
    { from: "8.8.8.8", to: "20.1.1.1/esp", text: "8.8.8.8 → 20.1.1.1/other" },
  ]) {
    test(`${from} ${to}`, () => assert.equal(formatPacket(parsePacket(from, to, "inbound")), text));
  }
  for (const [from, to, says] of [
    ["8.8.8.8", "20.1.1.1:22", /protocol/],
    ["8.8.8.8", "20.1.1.1/tcp", /port/],
    ["8.8.8.8", "::1/icmp", /family/],
    ["8.8.8", "20.1.1.1:22/tcp", /address/],
    ["8.8.8.8:0", "20.1.1.1:22/tcp", /between 1/],
    ["8.8.8.8", "20.1.1.1/icmp:ping", /"ping"/],
  ] as const) {
    test(`refuses ${from} ${to}`, () =>
      assert.throws(() => parsePacket(from, to, "inbound"), says));
  }
});
