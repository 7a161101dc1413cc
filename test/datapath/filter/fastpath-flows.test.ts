/**
 * The fast path's programs, packet by packet: of which flows they send packets back, and how long.
 * No network is needed, only root.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { Family } from "../../../components/azure/addresses";
import { Undo } from "../../../lab/undo";
import {
  AT,
  changed,
  FAMILIES,
  FastpathRun,
  type Flags,
  fromGateway,
  GENERATION,
  hex8,
  hex16,
  innerFrame,
  LEFT_ALONE,
  REDIRECTED,
  TAKEN,
  toGateway,
  withHeaderSum,
} from "../../support/fastpathRun";

const undo = new Undo();
let programs: FastpathRun;
/** Each test has a flow of its own. */
let port = 40_000;
before(async () => {
  programs = await FastpathRun.start(undo);
});
beforeEach(() => {
  port += 1;
});
after(() => undo.run());

const tcp = (family: Family, flags: Flags = { ack: true }, back = false) =>
  innerFrame({ family, protocol: "tcp", port, flags, back });
const udp = (family: Family) => innerFrame({ family, protocol: "udp", port });

/** Asserts that a packet goes the long way as it came, and why. */
async function longWay(packet: Buffer, reason: string, what = reason): Promise<void> {
  const ran = await programs.reflect(packet);
  assert.equal(ran.reason, reason, what);
  assert.equal(ran.verdict, LEFT_ALONE, what);
  assert.equal(ran.frame.toString("hex"), packet.toString("hex"), what);
}

/** Asserts that a packet is sent back as this one. */
async function fast(packet: Buffer, expected: Buffer): Promise<void> {
  const ran = await programs.reflect(packet);
  assert.equal(ran.reason, "fast");
  assert.equal(ran.verdict, REDIRECTED);
  assert.equal(ran.frame.toString("hex"), expected.toString("hex"));
  assert.deepEqual(ran.counted, { fast: [1, packet.length - AT.inner] });
}

/** Asserts that nothing is known of the test's flow, either way. */
async function unknown(...frames: Buffer[]): Promise<void> {
  for (const frame of frames) await longWay(fromGateway("ex", frame), "unknown flow");
}

for (const family of FAMILIES) {
  describe(`IPv${family}: a packet of a known flow is sent back by the other tunnel`, () => {
    for (const [name, frame] of [
      ["TCP", () => tcp(family)],
      ["UDP", () => udp(family)],
    ] as const) {
      test(`${name}, by either tunnel`, async () => {
        await programs.learn(frame());
        await fast(fromGateway("ex", frame()), toGateway("in", frame()));
        await fast(fromGateway("in", frame()), toGateway("ex", frame()));
      });
    }

    test("so is the other way of the flow", async () => {
      await programs.learn(tcp(family));
      const back = tcp(family, { ack: true }, true);
      await fast(fromGateway("in", back), toGateway("ex", back));
    });

    test("with data, PSH, URG and what ECN uses", async () => {
      await programs.learn(tcp(family));
      const flags = AT[`v${family}`] - AT.frame + 13;
      for (const bits of [0x18, 0x30, 0x50, 0x90, 0xf8]) {
        const frame = changed(tcp(family), flags, hex8(bits));
        await fast(fromGateway("ex", frame), toGateway("in", frame));
      }
    });

    test("only a packet that is whole: none that was cut anywhere", async () => {
      await programs.learn(tcp(family));
      const packet = fromGateway("ex", tcp(family));
      for (let bytes = AT.udp; bytes < packet.length; bytes += 1) {
        const cut = packet.subarray(0, bytes);
        assert.equal((await programs.reflect(cut)).verdict, LEFT_ALONE, `${bytes}`);
        if (bytes < AT.inner) continue;
        // Even if the outer header says that there is no more.
        const said = withHeaderSum(
          changed(
            changed(cut, AT.ip + 2, hex16(bytes - AT.ip)),
            ...([AT.udp + 4, hex16(bytes - AT.udp)] as const),
          ),
          AT.ip,
        );
        await longWay(said, "inner length", `${bytes}`);
      }
    });

    test("none with another address, port or protocol", async () => {
      await programs.learn(tcp(family));
      const ip = family === 4 ? [AT.inner + 12, AT.inner + 20] : [AT.inner + 8, AT.inner + 40];
      const places = Array.from({ length: (ip[1] ?? 0) - (ip[0] ?? 0) + 4 }, (_, n) => n);
      for (const place of places) {
        const packet = fromGateway("ex", tcp(family));
        const at = (ip[0] ?? 0) + place;
        const other = changed(packet, at, hex8((packet[at] ?? 0) ^ 0x80));
        await longWay(family === 4 ? withHeaderSum(other, AT.inner) : other, "unknown flow");
      }
      await unknown(udp(family));
    });
  });

  describe(`IPv${family}: the rules judge what begins a flow, and what ends it`, () => {
    for (const flags of [
      { syn: true },
      { syn: true, ack: true },
      { fin: true, ack: true },
      { rst: true },
      { rst: true, ack: true },
      { syn: true, fin: true, ack: true },
      {},
    ] satisfies Flags[]) {
      test(`${Object.keys(flags).join("+").toUpperCase() || "no flag"} goes the long way`, async () => {
        await programs.learn(tcp(family));
        await longWay(fromGateway("ex", tcp(family, flags)), "TCP flags");
      });
    }

    for (const flags of [{ syn: true }, {}] satisfies Flags[]) {
      test(`${Object.keys(flags).join() || "no flag"} leaves nothing to go by`, async () => {
        await programs.learn(tcp(family, flags));
        await unknown(tcp(family), tcp(family, { ack: true }, true));
      });
    }

    for (const flags of [
      { fin: true, ack: true },
      { rst: true },
      { fin: true, syn: true, ack: true },
    ] satisfies Flags[]) {
      test(`${Object.keys(flags).join("+").toUpperCase()} ends both ways`, async () => {
        await programs.learn(tcp(family));
        await programs.learn(tcp(family, flags, true));
        await unknown(tcp(family), tcp(family, { ack: true }, true));
      });
    }

    test("the answer to a SYN leaves a cookie for one packet of the one who asked", async () => {
      // The cookie ends with its second, which may be just now: then it is given again.
      for (let tries = 0; tries < 20; tries += 1) {
        await programs.learn(tcp(family, { syn: true, ack: true }, true));
        await unknown(tcp(family, { ack: true }, true));
        const { reason } = await programs.reflect(fromGateway("ex", tcp(family)));
        await unknown(tcp(family));
        if (reason === "fast") return;
      }
      assert.fail("the cookie let nothing through");
    });

    test("a cookie is worth nothing under another policy, nor for UDP", async () => {
      await programs.learn(tcp(family, { syn: true, ack: true }, true));
      try {
        for (const other of [0, GENERATION + 1]) {
          await programs.generation(other);
          await unknown(tcp(family), udp(family));
        }
      } finally {
        await programs.generation(GENERATION);
      }
      await unknown(udp(family));
    });
  });

  describe(`IPv${family}: an entry`, () => {
    test("lasts a second, both ways", async () => {
      const { lasts } = await programs.learn(tcp(family));
      assert.equal(lasts.length, 2);
      for (const [least, most] of lasts) assert.ok(least <= 1e9 && most >= 1e9, `${least} ${most}`);
    });

    test("ends by its time", async () => {
      await programs.learn(tcp(family));
      await programs.age();
      await longWay(fromGateway("ex", tcp(family)), "entry expired");
    });

    test("ends with the policy that it was learned under", async () => {
      await programs.learn(tcp(family));
      try {
        for (const other of [0, GENERATION + 1]) {
          await programs.generation(other);
          await longWay(fromGateway("ex", tcp(family)), "entry of another policy");
        }
      } finally {
        await programs.generation(GENERATION);
      }
    });

    for (const [what, mark] of [
      ["has no mark", 0],
      ["was judged anew", GENERATION],
      ["was passed by another policy", TAKEN | (GENERATION + 1)],
      ["is an error message about a flow", TAKEN],
    ] as const) {
      test(`is not learned from a packet that ${what}`, async () => {
        const ran = await programs.learn(tcp(family), mark);
        assert.deepEqual([ran.verdict, ran.mark], [LEFT_ALONE, 0]);
        await unknown(tcp(family));
      });
    }

    test("is not learned while no policy is in force", async () => {
      await programs.generation(0);
      await programs.learn(tcp(family), TAKEN);
      await programs.generation(GENERATION);
      await unknown(tcp(family));
    });

    test("is learned from a packet that leaves as it was, without its mark", async () => {
      const ran = await programs.learn(tcp(family));
      assert.deepEqual([ran.verdict, ran.mark, ran.counted], [LEFT_ALONE, 0, {}]);
      assert.equal(ran.frame.toString("hex"), tcp(family).toString("hex"));
    });
  });
}
