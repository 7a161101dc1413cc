import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { explainPacket, importRules, policyProblems } from "../../../components/policy";
import { parsePacket } from "../../../components/policy/packetText";

const save = (forward: string, ...rules: string[]) =>
  ["*filter", `:FORWARD ${forward} [0:0]`, ":OUTPUT ACCEPT [0:0]", ...rules, "COMMIT", ""].join(
    "\n",
  );
const IN = "-m physdev --physdev-in vxlan-ex --physdev-out vxlan-in";
const OUT = "-m physdev --physdev-in vxlan-in --physdev-out vxlan-ex";
const FLOWS = "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";

const APPLICATION = "20.1.1.1";
/** Whether a flow passes: `in 8.8.8.8 22/tcp` is one from there, `out 8.8.8.8 22/tcp` one to there. */
function passes(text: string, flow: string): boolean {
  const { policy } = importRules(text);
  assert.deepEqual(policyProblems(policy), []);
  const [way, peer = "", service = ""] = flow.split(" ");
  const at = service.startsWith("icmp") ? `/${service}` : `:${service}`;
  const packet =
    way === "in"
      ? parsePacket(peer, `${APPLICATION}${at}`, "inbound")
      : parsePacket(APPLICATION, `${peer.split(":")[0]}${at}`, "outbound");
  return explainPacket(policy, packet).passes;
}

interface Case {
  title: string;
  file: string;
  pass: string[];
  drop: string[];
}

const exact: Case[] = [
  {
    title: "a rule that names a tunnel is for one direction, another for both",
    file: save(
      "ACCEPT",
      `-A FORWARD -s 192.0.2.7/32 -p tcp ${IN} -m tcp --dport 2222 -j DROP`,
      "-A FORWARD -p udp -m udp --dport 1900 -j DROP",
    ),
    pass: ["in 192.0.2.8 2222/tcp", "out 192.0.2.7 2222/tcp"],
    drop: ["in 192.0.2.7 2222/tcp", "in 192.0.2.7 1900/udp", "out 192.0.2.7 1900/udp"],
  },
  {
    title: "REJECT with its reason drops",
    file: save(
      "ACCEPT",
      FLOWS,
      "-A FORWARD -p tcp -m multiport --dports 80,8000:8010 -j ACCEPT",
      "-A FORWARD -j REJECT --reject-with icmp-admin-prohibited",
    ),
    pass: ["in 192.0.2.7 8004/tcp", "out 192.0.2.7 80/tcp"],
    drop: ["in 192.0.2.7 8011/tcp", "out 192.0.2.7 53/udp", "in 192.0.2.7 icmp"],
  },
  {
    title: "a negated network is every other one",
    file: save(
      "ACCEPT",
      FLOWS,
      "-A FORWARD ! -s 198.51.100.0/24 -p udp -m udp --dport 161 -j DROP",
    ),
    pass: ["in 198.51.100.200 161/udp", "in 192.0.2.7 162/udp"],
    drop: ["in 198.51.101.1 161/udp", "in 198.51.99.255 161/udp", "in 0.0.0.0 161/udp"],
  },
  {
    title: "a user chain is followed, narrowed by the line that jumps to it, up to its RETURN",
    file: save(
      "DROP",
      ":WEB - [0:0]",
      ":DEEP - [0:0]",
      FLOWS,
      `-A FORWARD -s 192.0.2.0/24 ${IN} -j WEB`,
      "-A WEB -p tcp -m tcp --dport 443 -j ACCEPT",
      "-A WEB -s 192.0.2.128/25 -j DEEP",
      "-A WEB -j RETURN",
      "-A WEB -j ACCEPT",
      "-A DEEP -s 192.0.0.0/16 -p tcp -m tcp --dport 22 -j ACCEPT",
      "-A DEEP -s 10.0.0.0/8 -j ACCEPT",
    ),
    pass: ["in 192.0.2.7 443/tcp", "in 192.0.2.129 22/tcp"],
    drop: [
      "in 192.0.2.7 22/tcp",
      "in 10.1.1.1 80/tcp",
      "in 192.0.2.7 80/tcp",
      "out 192.0.2.7 443/tcp",
    ],
  },
  {
    title: "new flows are those that a policy judges, and the bridge is every packet's device",
    file: save(
      "DROP",
      "-A FORWARD -m state --state INVALID -j DROP",
      "-A FORWARD -m state --state ESTABLISHED,RELATED -j ACCEPT",
      `-A FORWARD -i br0 -o br0 -p tcp ${IN} -m state --state NEW -m tcp --dport 22 -j ACCEPT`,
    ),
    pass: ["in 192.0.2.7 22/tcp"],
    drop: ["in 192.0.2.7 23/tcp", "out 192.0.2.7 22/tcp"],
  },
  {
    title: "source ports",
    file: save(
      "DROP",
      FLOWS,
      `-A FORWARD -p udp ${IN} -m udp --sport 123 -j ACCEPT`,
      `-A FORWARD -p tcp ${IN} -m multiport --sports 20,1024:2047 -m tcp --dport 5000 -j ACCEPT`,
    ),
    pass: ["in 192.0.2.7:123 45000/udp", "in 192.0.2.7:2047 5000/tcp"],
    drop: ["in 192.0.2.7:124 123/udp", "in 192.0.2.7:2048 5000/tcp", "in 192.0.2.7:20 5001/tcp"],
  },
  {
    title: "flags, and all but these",
    file: save(
      "ACCEPT",
      FLOWS,
      "-A FORWARD -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j DROP",
      `-A FORWARD -p tcp ${IN} -m tcp --tcp-flags SYN,RST,ACK,FIN SYN -j REJECT --reject-with tcp-reset`,
    ),
    pass: ["out 192.0.2.7 22/tcp", "out 192.0.2.7 22/tcp:syn", "in 192.0.2.7 22/udp"],
    drop: ["in 192.0.2.7 22/tcp:syn", "out 192.0.2.7 22/tcp:ack", "out 192.0.2.7 22/tcp:rst"],
  },
  {
    title: "DSCP by number",
    file: save(
      "DROP",
      FLOWS,
      `-A FORWARD ${IN} -m dscp --dscp 0x2e -j ACCEPT`,
      `-A FORWARD ${OUT} -m dscp ! --dscp 0x08 -j ACCEPT`,
    ),
    pass: ["in 192.0.2.7 53/udp:ef", "out 192.0.2.7 22/tcp", "out 192.0.2.7 22/tcp:syn,63"],
    drop: ["in 192.0.2.7 53/udp", "in 192.0.2.7 22/tcp:47", "out 192.0.2.7 22/tcp:cs1"],
  },
  {
    title: "the other tunnel by negation, counting lines, ICMP by number",
    file: save(
      "DROP",
      FLOWS,
      "-A FORWARD -p tcp",
      "-A FORWARD -p icmp -m physdev ! --physdev-in vxlan-in -m icmp --icmp-type 8 -j ACCEPT",
    ),
    pass: ["in 192.0.2.7 icmp:echo-request"],
    drop: ["in 192.0.2.7 icmp:timestamp-request", "out 192.0.2.7 icmp:echo-request"],
  },
];

describe("an iptables-save becomes the policy that does the same", () => {
  for (const { title, file, pass, drop } of exact) {
    test(title, () => {
      assert.deepEqual(importRules(file).left, []);
      for (const flow of pass) assert.equal(passes(file, flow), true, `${flow} passes`);
      for (const flow of drop) assert.equal(passes(file, flow), false, `${flow} is dropped`);
    });
  }

  test("LOG in front of DROP, in its own chain or at the end, becomes log", () => {
    const { policy, left } = importRules(
      save(
        "DROP",
        ":LOGDROP - [0:0]",
        FLOWS,
        "-A FORWARD -p tcp -m tcp --dport 23 -j LOGDROP",
        `-A FORWARD ${OUT} -m limit --limit 5/min -j LOG --log-prefix "-- out: "`,
        `-A FORWARD ${IN} -j ACCEPT`,
        `-A FORWARD ${OUT} -j DROP`,
        '-A FORWARD -j LOG --log-prefix "rest "',
        "-A LOGDROP -j LOG",
        "-A LOGDROP -j DROP",
      ),
    );
    assert.deepEqual(left, []);
    assert.deepEqual(
      policy.rules.map(({ action, direction, log }) => [action, direction, log === true]),
      [
        ["drop", "inbound", true],
        ["drop", "outbound", true],
        ["allow", "inbound", false],
        ["drop", "outbound", true],
      ],
    );
    assert.equal(policy.logDefaults, true);
  });

  test("devices of other names, and names from comments", () => {
    const { policy, left } = importRules(
      save(
        "ACCEPT",
        '[5:300] -A FORWARD -i b -p udp -m physdev --physdev-out te -m multiport --dports 53,100:200 -m comment --comment "DNS & more" -j ACCEPT',
      ),
      { inbound: "te", outbound: "ti", bridge: "b" },
    );
    assert.deepEqual(left, []);
    assert.deepEqual(
      policy.rules.map(({ name, direction, ports }) => [name, direction, ports]),
      [["dns-more-1", "outbound", ["53", "100-200"]]],
    );
    assert.equal(policy.stateful, false);
  });

  test("a file without a line for running flows is judged packet by packet", () => {
    assert.equal(importRules(save("ACCEPT")).policy.stateful, false);
    assert.equal(importRules(save("ACCEPT", FLOWS)).policy.stateful, true);
  });
});

const refused: [title: string, rule: string, says: RegExp][] = [
  ["a limit", "-m limit --limit 5/sec -j ACCEPT", /limit/],
  ["an unknown match", '-m string --string "x y" --algo bm -j ACCEPT', /--string/],
  ["another protocol", "-p gre -j ACCEPT", /gre/],
  ["another device", "-m physdev --physdev-in eth9 -j ACCEPT", /eth9/],
  ["a device that is not the bridge", "-i eth0 -j ACCEPT", /eth0/],
  ["negated ports", "-p tcp -m tcp ! --dport 22 -j ACCEPT", /left out/],
  ["port 0", "-p tcp -m tcp --dport 0:1023 -j ACCEPT", /port 0:1023/],
  ["a target that a policy lacks", "-j TARPIT", /TARPIT/],
  ["a mark", "-j MARK --set-xmark 0x1/0xffffffff", /MARK/],
  ["running flows without their errors", "-m state --state ESTABLISHED -j ACCEPT", /ESTABLISHED/],
  ["running flows of one kind", "-p tcp -m state --state RELATED,ESTABLISHED -j ACCEPT", /state/],
  ["packets that conntrack does not know", "-m state --state INVALID -j ACCEPT", /INVALID/],
  ["a LOG that no verdict follows", "-p tcp -j LOG", /LOG without/],
  ["a RETURN for some", "-p tcp -j RETURN", /RETURN/],
];

describe("what a policy cannot say is named, and never lets more pass", () => {
  for (const [title, rule, says] of refused) {
    test(title, () => {
      const { left } = importRules(save("DROP", FLOWS, `-A FORWARD ${rule}`));
      assert.deepEqual(
        left.map(({ line }) => line),
        [5],
      );
      assert.match(left[0]?.reason ?? "", says);
    });
  }

  test("a drop that cannot be taken drops more, an accept is left out", () => {
    const file = save(
      "ACCEPT",
      FLOWS,
      "-A FORWARD -s 192.0.2.0/24 -m limit --limit 5/sec -j DROP",
      "-A FORWARD -s 198.51.100.0/24 -m length --length 0:100 -j ACCEPT",
      "-A FORWARD -s 192.0.0.0/8 -j ACCEPT",
    );
    assert.deepEqual(
      importRules(file).left.map(({ line }) => line),
      [5, 6],
    );
    assert.equal(passes(file, "in 192.0.2.7 22/tcp"), false);
    assert.equal(
      importRules(file).policy.rules.some(({ sources }) => sources?.includes("198.51.100.0/24")),
      false,
    );
  });

  test("a drop in front of the line for running flows drops their answers, or is refused", () => {
    const early = "-A FORWARD -s 192.0.2.0/24 -j DROP";
    const open = save("ACCEPT", early, FLOWS);
    assert.match(importRules(open).left[0]?.reason ?? "", /answers/);
    assert.equal(passes(open, "out 192.0.2.7 80/tcp"), false);
    const closed = save(
      "DROP",
      `-A FORWARD -s 192.0.2.0/24 ${IN} -j DROP`,
      FLOWS,
      `-A FORWARD ${IN} -p tcp -m tcp --dport 80 -j ACCEPT`,
    );
    assert.deepEqual(importRules(closed).left, []);
  });

  test("rules of other tables", () => {
    const nat = "*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n";
    const raw = "*raw\n:PREROUTING DROP [0:0]\nCOMMIT\n";
    const { left } = importRules(`${nat}${raw}${save("ACCEPT")}`);
    assert.deepEqual(
      left.map(({ line, reason }) => [line, reason.split(",")[0]]),
      [
        [3, "the table nat"],
        [6, "the table raw"],
      ],
    );
    assert.deepEqual(
      importRules(`*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n${save("DROP")}`).left,
      [],
    );
  });

  for (const [title, file] of [
    ["an unrelated file", "# Notes\nhello\n"],
    ["nothing", ""],
    ["a file that is cut off", save("ACCEPT").replace("COMMIT\n", "")],
    ["a filter table without FORWARD", "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"],
    ["commands", "iptables -A FORWARD -j DROP\n"],
    ["a rule of a chain that is not declared", save("ACCEPT", "-A NOWHERE -j DROP")],
  ] as const) {
    test(`refuses ${title}`, () => assert.throws(() => importRules(file)));
  }
});
