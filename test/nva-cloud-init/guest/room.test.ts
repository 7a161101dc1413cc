/** Which flows make room for new ones, and when health speaks: the pure part of gwlb-flows. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { guestPython } from "../../support/guestPython";

const settings = "proc/sys/net/netfilter";
let root: string;
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "gwlb-room-"));
  await mkdir(path.join(root, settings), { recursive: true });
  await mkdir(path.join(root, "run/azure-gwlb"), { recursive: true });
  const values = {
    ...{ max: 1000, tcp_timeout_established: 6060, udp_timeout_stream: 240, generic_timeout: 600 },
  };
  for (const [name, value] of Object.entries(values)) await set(name, value);
});
after(() => rm(root, { recursive: true, force: true }));

const set = (name: string, value: number) =>
  writeFile(path.join(root, settings, `nf_conntrack_${name}`), `${value}\n`);

/** Entries as the kernel shows them: protocol, seconds left, assured or not, state. */
const entries = `
import json, struct, time
from gwlb.netlink import attribute
from gwlb.flows import conntrack as table
from gwlb.flows import room
def entry(number, protocol=6, left=6060, assured=True, state=3):
    ip = attribute(1, bytes([198, 18, 0, 0])) + attribute(2, bytes([20, 0, 0, 4]))
    ports = attribute(1, bytes([protocol])) + attribute(2, struct.pack(">H", number))
    ends = attribute(0x8001, ip) + attribute(0x8002, ports)
    tcp = attribute(0x8004, attribute(0x8001, attribute(1, bytes([state]))))
    whole = attribute(0x8001, ends) + attribute(3, struct.pack(">I", 8 | 4 * assured))
    return 2, whole + attribute(7, struct.pack(">I", left)) + (tcp if protocol == 6 else b"")
def number(ends): return struct.unpack(">H", ends[36:38])[0]
`;
const python = (lines: string) => guestPython(entries + lines, root);

/** Numbers of the flows that go when so many are there. */
const gone = (flows: string, count: number) =>
  python(`
flows = ${flows}
taken = []
table.size = lambda: (${count}, 1000)
table.dump = lambda: (flow for flow in flows)
table.delete = lambda chosen: [taken.extend(number(ends) for _, ends in chosen), len(taken)][1]
room.make()
print(json.dumps(sorted(taken)))`) as Promise<number[]>;

describe("seconds of silence", () => {
  for (const [what, flow, age] of [
    ["an established flow's", "entry(1, left=6000)", 60],
    ["a UDP flow's", "entry(1, protocol=17, left=200)", 40],
    ["of another protocol, by the time that its packets give it", "entry(1, 47, left=599)", 1],
    ["one that has ended is the oldest", "entry(1, state=7, left=20)", 2 ** 32],
    ["more time than a packet gives: none has come", "entry(1, left=400000)", 2 ** 32],
  ] as const) {
    test(what, async () => {
      const found = await python(
        `print(json.dumps([int(flow[0]) for flow in room.established(iter([${flow}])) if flow]))`,
      );
      assert.deepEqual(found, [age]);
    });
  }

  test("are read from each entry's own places", async () => {
    const found = await python(`
mark = attribute(8, bytes(4))
family, plain = entry(1, left=6050)
other = plain[:52] + mark + plain[52:]
tail = plain + mark
flows = [(2, other), (2, tail), (2, other)]
print(json.dumps([int(flow[0]) for flow in room.established(iter(flows)) if flow]))`);
    assert.deepEqual(found, [10, 10, 10]);
  });
});

describe("of a table that is nearly full", () => {
  test("the established flows that have been silent longest go, down to three fifths", async () => {
    const taken = await gone("[entry(n, left=6060 - n) for n in range(900)]", 900);
    assert.deepEqual(
      taken,
      Array.from({ length: 300 }, (_, at) => 600 + at),
    );
  });

  test("those of the same second go evenly, as many as have to", async () => {
    const flows = "[entry(n, left=6059) for n in range(880)] + [entry(900)] * 20";
    const taken = await gone(flows, 900);
    assert.equal(taken.length, 300);
    assert.ok(!taken.includes(900), "those that talk stay");
    assert.ok(taken.some((n) => n < 440) && taken.some((n) => n >= 440));
  });

  test("flows that the kernel forgets by itself are left to it", async () => {
    const flows =
      "[entry(n, assured=False, state=1, left=1) for n in range(700)] + [entry(9)] * 200";
    assert.deepEqual(await gone(flows, 900), []);
  });

  test("nobody goes before three quarters are established", async () => {
    assert.deepEqual(await gone("[entry(n) for n in range(740)]", 740), []);
  });
});

describe("health", () => {
  const said = (count: number, look: string) =>
    python(`
table.size = lambda: (${count}, 1000)
room.write_json(room.FLOWS, {"at": time.monotonic(), "assured": 0, "evicted": 0, **${look}})
print(json.dumps(room.problems()))`);

  test("is silent while there is room, or where the kernel makes it", async () => {
    assert.deepEqual(await said(949, '{"at": 0}'), []);
    assert.deepEqual(await said(1000, '{"assured": 700}'), []);
  });

  test("says before the table is full that nobody makes room", async () => {
    assert.match(String(await said(950, '{"at": time.monotonic() - 11}')), /makes no room/);
  });

  test("says that established flows fill it", async () => {
    assert.match(String(await said(960, '{"assured": 955}')), /960 of 1000 .* 955 .*refused/);
  });
});
