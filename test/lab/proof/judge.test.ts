import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Act, Consumer, Expected, Flow } from "../../../lab/proof/flows";
import { type Answer, judge, type Observation, parseCounters } from "../../../lab/proof/judge";
import type { Packet } from "../../../lab/proof/pcap";

const host = "8.8.8.8";
const address = "20.0.0.4";
const consumer: Consumer = { name: "web", kind: "ilpip", address, vms: ["web"], nvas: ["nva"] };
const flow = (act: Act, expected: Expected): Flow => ({ consumer, host, act, expected });

const towards: Packet = {
  ...{ at: 0n, source: host, destination: address, protocol: 6, length: 60, ttl: 64 },
  ...{ dontFragment: true, fragment: false, sourcePort: 40000, destinationPort: 22 },
};
const syn: Packet = { ...towards, tcp: { flags: 2, sequence: 1, acknowledgement: 0 } };
const back: Packet = { ...towards, source: address, destination: host };
const bothWays = [towards, back];
const full = { ...back, length: 1500 };

function observation(answer: Answer, changes: Partial<Observation> = {}): Observation {
  const counters = new Map([["no-ssh", 4]]);
  const nothing = { external: [], internal: [], arrived: [], before: counters, after: counters };
  return { answer, ...nothing, ...changes };
}

const three = [syn, syn, syn];
const silent: Answer = { sent: 3, answered: 0 };
const knock: Act = { kind: "knock", port: 22, attempts: 3 };
const page: Act = { kind: "page", port: 80 };
const download: Act = { kind: "download", port: 80, size: 1_000_000 };
const downloaded: Answer = {
  ...{ status: 200, bytes: 1_000_000, sha256: "a", headers: { "x-sha256": "a" } },
};
const upload: Act = { kind: "upload", port: 80, size: 1_000_000 };
const uploaded: Answer = { status: 200, text: "a", sentSha256: "a" };
const fullTowards = { ...towards, length: 1500 };
const fragmented: Act = { kind: "datagram", port: 7, size: 4000 };
const counted = { external: three, after: new Map([["no-ssh", 7]]) };
const crossed = { external: bothWays, internal: bothWays };
const inFragments = [towards, towards, back].map((packet) => ({ ...packet, fragment: true }));

interface Case {
  name: string;
  act: Act;
  expected: Expected;
  seen: Observation;
  /** What the problems must speak of; nothing for a flow that did what it should. */
  problem?: RegExp;
}

const cases: Case[] = [
  { name: "a drop that is counted", seen: observation(silent, counted) },
  {
    name: "a drop without its counter",
    seen: observation(silent, { external: three }),
    problem: /none rose/,
  },
  {
    name: "a drop that another counter claims too",
    seen: observation(silent, {
      external: three,
      after: new Map([
        ["no-ssh", 7],
        ["other", 3],
      ]),
    }),
    problem: /no single counter rose by 3: 3, 3/,
  },
  {
    name: "a silence because nothing was sent",
    seen: observation({ sent: 0, answered: 0 }),
    problem: /nothing was sent/,
  },
  {
    name: "a silence around the NVA",
    seen: observation(silent, { arrived: three }),
    problem: /3 sent, 0 came to the NVA.*3 packets reached the VM/,
  },
  {
    name: "a SYN that left the NVA and died later",
    seen: observation(silent, { ...counted, internal: [syn] }),
    problem: /1 packets left the NVA/,
  },
  {
    name: "an answered handshake",
    seen: observation({ sent: 3, answered: 1 }, counted),
    problem: /1 handshakes were answered/,
  },
].map((one) => ({ act: knock, expected: "dropped by the NVA", ...one }));

cases.push(
  {
    name: "the security group behind the NVA",
    act: knock,
    expected: "stopped by the security group",
    seen: observation(silent, { external: three, internal: three }),
  },
  {
    name: "the NVA instead of the security group",
    act: knock,
    expected: "stopped by the security group",
    seen: observation(silent, { external: three }),
    problem: /3 sent, 0 left the NVA/,
  },
  {
    name: "a platform that answers",
    act: { kind: "ping", size: 56 },
    expected: "answered by the platform",
    seen: observation({ bytes: 56, intact: true }),
  },
  {
    name: "a ping that crossed the NVA all the same",
    act: { kind: "ping", size: 56 },
    expected: "answered by the platform",
    seen: observation({ bytes: 56, intact: true }, crossed),
    problem: /2 packets crossed the NVA/,
  },
);

const passing: Omit<Case, "expected">[] = [
  { name: "a page", act: page, seen: observation({ status: 200 }, crossed) },
  {
    name: "a page that came around the NVA",
    act: page,
    seen: observation({ status: 200 }),
    problem: /nothing towards the consumer on External.*from the consumer on Internal/,
  },
  {
    name: "an answer that took another way back",
    act: page,
    seen: observation({ status: 200 }, { external: bothWays, internal: [towards] }),
    problem: /^nothing from the consumer on Internal$/,
  },
  {
    name: "a client that got nothing",
    act: page,
    seen: observation({ error: "timed out" }, crossed),
    problem: /^timed out$/,
  },
  {
    name: "a full-size transfer",
    act: download,
    seen: observation(downloaded, { external: [towards, full], internal: [towards, full] }),
  },
  {
    name: "a transfer in small packets",
    act: download,
    seen: observation(downloaded, crossed),
    problem: /External: no packet of 1500 bytes, the largest has 60/,
  },
  {
    name: "a transfer that the NVA's kernel merged in part",
    act: download,
    seen: observation(downloaded, {
      external: [towards, full, { ...full, length: 2948 }],
      internal: [towards, full],
    }),
  },
  {
    name: "a transfer in packets that no wire carries",
    act: upload,
    seen: observation(uploaded, {
      external: [fullTowards, back],
      internal: [fullTowards, back],
      arrived: [fullTowards, { ...fullTowards, length: 5900 }],
    }),
    problem: /^the largest at the VM has 5900 bytes$/,
  },
  {
    name: "a transfer without DF",
    act: download,
    seen: observation(downloaded, {
      external: [towards, full],
      internal: [towards, { ...full, dontFragment: false }],
    }),
    problem: /^Internal: packets without DF$/,
  },
  {
    name: "a spoiled transfer",
    act: download,
    seen: observation(
      { ...downloaded, sha256: "b" },
      { external: [towards, full], internal: [towards, full] },
    ),
    problem: /sha256/,
  },
  {
    name: "a datagram in fragments",
    act: fragmented,
    seen: observation(
      { bytes: 4000, intact: true },
      { external: inFragments, internal: inFragments },
    ),
  },
  {
    name: "a large datagram that never was in fragments",
    act: fragmented,
    seen: observation({ bytes: 4000, intact: true }, crossed),
    problem: /External: 0 fragments/,
  },
  {
    name: "an outbound call under another address",
    act: { kind: "outbound" },
    seen: observation({ peer: "20.0.0.99" }, crossed),
    problem: /the server saw 20.0.0.99/,
  },
];

describe("judge", () => {
  for (const { name, act, expected, seen, problem } of [
    ...cases,
    ...passing.map((one): Case => ({ expected: "passes", ...one })),
  ]) {
    test(`${problem ? "refuses" : "accepts"} ${name}`, () => {
      const { passed, problems } = judge(flow(act, expected), seen);
      assert.equal(passed, problem === undefined, problems.join("; "));
      if (problem) assert.match(problems.join("; "), problem);
    });
  }

  test("shows the counter that moved", () => {
    const { counters } = judge(flow(knock, "dropped by the NVA"), observation(silent, counted));
    assert.deepEqual(counters, ["no-ssh 4 → 7"]);
  });
});

test("parseCounters reads a JSON object a line", () => {
  const text = '{"rule":"a","packets":1,"bytes":60}\n{"rule":"b","packets":0,"bytes":0}\n';
  assert.deepEqual(
    [...parseCounters(text)],
    [
      ["a", 1],
      ["b", 0],
    ],
  );
});
