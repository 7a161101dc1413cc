/** Attacks on the machine and on what it reads, as data: each is done, and then the NVA must be whole again. */
import { gzipSync } from "node:zlib";
import { bundlePolicy } from "../../components/policy/bundle";
import type { FirewallPolicy, FirewallRule } from "../../components/policy/policy";
import { fragments } from "../support/innerPackets";
import type { RawAnswer } from "../support/outside";
import { CONSUMER, datagram, tcp4 } from "./frames";

const both = { sources: ["8.8.8.8", "2001:db8:8::8"] };

/** The policy of every attack. */
export const UNDER_ATTACK: FirewallPolicy = {
  rules: [
    {
      ...{ name: "no-ssh", action: "drop", direction: "inbound", ...both },
      ...{ protocol: "tcp", ports: ["22"] },
    },
    {
      ...{ name: "no-dns", action: "drop", direction: "inbound", ...both },
      ...{ protocol: "udp", ports: ["53"] },
    },
  ],
  defaultInbound: "allow",
  defaultOutbound: "allow",
};

/** Something that is done to the NVA while forbidden packets are sent without a pause. */
export interface FaultCase {
  group: string;
  name: string;
  /** Shell line on the NVA. */
  line?: string;
  /** A unit that must run again afterwards. */
  unit?: string;
  /** The metadata service gives this as userData for a while. */
  userData?: string;
  /** The metadata service gives these as scheduled events for a while. */
  events?: object[];
  /** The metadata service answers everything with these bytes for a while. */
  metadata?: RawAnswer;
  /** Bytes for the probe's port, from the platform's address. */
  request?: string;
  /** So many callers hold a connection to the probe's port for a while, and send a byte a second. */
  slow?: number;
  /** Frames from the internet, all at once. */
  frames?: () => Buffer[];
  /** The machine restarts. */
  reboot?: boolean;
  /** True for one that is tried whenever everything is. */
  short?: boolean;
}

const DAEMONS = ["policy", "audit", "health", "drain", "guard"].map((name) => `gwlb-${name}`);
const UNITS = [...DAEMONS, "gwlb-firewall", "gwlb-datapath"];

const lines: Record<string, string> = {
  "iptables emptied": "iptables -F",
  "IPv6 rules emptied": "ip6tables -F",
  "FORWARD opened and emptied": "iptables -P FORWARD ACCEPT; iptables -F FORWARD",
  "the policy's chain emptied": "iptables -F GWLB",
  "all nftables tables gone": "nft flush ruleset",
  "the bridge's table gone": "nft delete table bridge azure_gwlb",
  "the tunnels' table gone": "nft delete table netdev azure_gwlb",
  "the host's table gone": "nft delete table inet azure_gwlb",
  "the classifier of the External tunnel gone": "tc qdisc del dev vxlan-ex clsact",
  "the classifier of the Internal tunnel gone": "tc qdisc del dev vxlan-in clsact",
  "hooks off": "sysctl -qw net.bridge.bridge-nf-call-iptables=0",
  "IPv6 hooks off": "sysctl -qw net.bridge.bridge-nf-call-ip6tables=0",
  "hooks off and tables gone":
    "sysctl -qw net.bridge.bridge-nf-call-iptables=0; nft delete table netdev azure_gwlb",
  "the bridge down": "ip link set br0 down",
  "the bridge gone": "ip link delete br0",
  "the External tunnel gone": "ip link delete vxlan-ex",
  "the Internal tunnel gone": "ip link delete vxlan-in",
  "a tunnel out of the bridge": "ip link set vxlan-in nomaster",
  "a tunnel out of its group": "ip link set vxlan-ex group 0",
  "a smaller tunnel": "ip link set vxlan-ex mtu 1000",
  "an entry of the bridge": "bridge fdb add 0a:00:00:00:00:02 dev vxlan-ex master static",
  "an entry of a tunnel":
    "bridge fdb add 0a:00:00:00:00:02 dev vxlan-in dst 10.7.1.1 self permanent",
  "a bridge that learns": "bridge link set dev vxlan-ex learning on",
};

/** userData that is no policy. */
const userData: Record<string, string> = {
  nothing: "",
  "no base64": "%%%%",
  "binary noise": Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 73) & 255)).toString(
    "base64",
  ),
  "a cut archive": gzipSync("{}").subarray(0, 12).toString("base64"),
  "an archive of zeros": gzipSync(Buffer.alloc(40_000_000)).toString("base64"),
  "100,000 brackets": gzipSync("[".repeat(100_000)).toString("base64"),
  "brackets without an archive": Buffer.from("[".repeat(40_000)).toString("base64"),
  "a list": gzipSync("[]").toString("base64"),
  "a number of a million digits": gzipSync("9".repeat(1_000_000)).toString("base64"),
  "another document": gzipSync('{"version": 99}').toString("base64"),
  "a string of 14 MB": gzipSync(JSON.stringify({ hash: "x".repeat(14_000_000) })).toString(
    "base64",
  ),
};

const event = (more: object) => ({
  ...{
    EventId: "e",
    EventStatus: "Scheduled",
    EventType: "Reboot",
    ResourceType: "VirtualMachine",
  },
  ...{ Resources: ["another"], NotBefore: "", Description: "", EventSource: "Platform" },
  ...more,
});
const events: Record<string, object> = {
  "a time zone of twenty digits": event({
    NotBefore: "Mon, 19 Sep 2026 18:29:47 +99999999999999999999",
  }),
  "a list for a name": event({ Resources: [[["nva"]]] }),
  "a number for a time": event({ NotBefore: 7 }),
  "no field at all": {},
  "a text of 14 MB": event({ Description: "x".repeat(14_000_000) }),
  "an unknown type": event({ EventType: "Fly", Resources: ["nva"] }),
};

const ok = (more: string) => `HTTP/1.1 200 OK\r\n${more}`;
/** Bytes that are no answer, or that have no end. */
const metadata: Record<string, RawAnswer> = {
  "an error": { head: "HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n" },
  "come again in a year": {
    head: "HTTP/1.1 429 Slow\r\nRetry-After: 31536000\r\nContent-Length: 0\r\n\r\n",
  },
  "ask somebody else": {
    head: "HTTP/1.1 302 Go\r\nLocation: http://203.0.113.9/\r\nContent-Length: 0\r\n\r\n",
  },
  "nothing, and hangs up": { head: "" },
  "nothing, and does not hang up": { head: "", again: "", pause: 0.1 },
  "no HTTP": { head: "SSH-2.0-OpenSSH_9.6\r\n" },
  "a status of a thousand digits": { head: `HTTP/1.1 ${"2".repeat(1000)} OK\r\n\r\n` },
  "a line without end": { head: "HTTP/1.1 200 ", again: "x".repeat(1000) },
  "headers without end": { head: ok(""), again: "X: y\r\n", pause: 0.001 },
  "100 Continue without end": { head: "", again: "HTTP/1.1 100 Continue\r\n\r\n", pause: 0.001 },
  "a byte now and then": { head: ok("Content-Length: 100000\r\n\r\n"), again: "a", pause: 0.2 },
  "less than it promises": { head: ok("Content-Length: 100000\r\n\r\nabc") },
  "a negative length": { head: ok("Content-Length: -1\r\n\r\nabc") },
  "two lengths": { head: ok("Content-Length: 3\r\nContent-Length: 9\r\n\r\nabc") },
  "a body without end": { head: ok("\r\n"), again: "a".repeat(65_536) },
  "chunks without end": { head: ok("Transfer-Encoding: chunked\r\n\r\n"), again: "1\r\na\r\n" },
  "a chunk of all memory": {
    head: ok("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
    again: "a".repeat(65_536),
  },
  "trailers without end": {
    head: ok("Transfer-Encoding: chunked\r\n\r\n0\r\n"),
    again: "X: y\r\n",
    pause: 0.001,
  },
};

const requests: Record<string, string> = {
  "no request": "\r\n\r\n",
  "a verb of 60 kB": `${"A".repeat(60_000)} / HTTP/1.1\r\n\r\n`,
  "a path of 60 kB": `GET /${"a".repeat(60_000)} HTTP/1.1\r\n\r\n`,
  "a thousand headers": `GET /health HTTP/1.1\r\n${"x: y\r\n".repeat(1000)}\r\n`,
  "a body of 9 EB": "POST /health HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n\r\n",
  "a chunked body": "POST /health HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
  TLS: "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
  "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  zeros: "\0".repeat(1000),
  "a way up": "GET /../../etc/shadow HTTP/1.1\r\n\r\n",
  "half a request": "GET /health HT",
};

/** Policies that are in force for a while; each forbids what is forbidden all the time. */
const policies: Record<string, FirewallPolicy> = {
  "another order of rules": { ...UNDER_ATTACK, rules: UNDER_ATTACK.rules.toReversed() },
  "everything is dropped": { ...UNDER_ATTACK, defaultInbound: "drop", defaultOutbound: "drop" },
  "no state": { ...UNDER_ATTACK, stateful: false },
  "flows are kept": { ...UNDER_ATTACK, endForbiddenFlows: false },
  "a thousand rules more": {
    ...UNDER_ATTACK,
    rules: [
      ...UNDER_ATTACK.rules,
      ...Array.from(
        { length: 1000 },
        (_, i): FirewallRule => ({
          ...{ name: `more-${i}`, action: "drop", direction: "inbound", protocol: "tcp" },
          ...{ sources: [`198.18.${i >> 8}.${i & 255}`], ports: ["22"] },
        }),
      ),
    ],
  },
};

/** Too much of something that is allowed. */
const floods: Record<string, () => Buffer[]> = {
  "4,000 first fragments": () =>
    Array.from({ length: 4000 }, (_, id) => {
      const from = { source: `198.18.${id >> 8}.${id & 255}`, destination: CONSUMER[4], id };
      return fragments(from, datagram([id + 1, 7], Buffer.alloc(64)), 32)[0] ?? Buffer.alloc(0);
    }),
  "20,000 new flows": () =>
    Array.from({ length: 20_000 }, (_, i) => tcp4(`198.18.${i >> 8}.${i & 255}`, [40_000, 80], 2)),
};

const SHORT = new Set(["all nftables tables gone", "FORWARD opened and emptied", "hooks off"]);

const cases = <T>(group: string, of: Record<string, T>, make: (value: T) => Partial<FaultCase>) =>
  Object.entries(of).map(([name, value]) => ({ group, name, ...make(value) }));

export const faultCases: readonly FaultCase[] = [
  ...cases("faults", lines, (line) => ({ line })).map((one) => ({
    ...one,
    short: SHORT.has(one.name),
  })),
  ...UNITS.map((unit) => ({
    ...{ group: "stops", name: `${unit} restarts`, unit },
    line: `systemctl restart ${unit}`,
  })),
  ...DAEMONS.flatMap((unit) =>
    ["KILL", "SEGV", "TERM"].map((signal) => ({
      ...{ group: "kills", name: `${unit} gets ${signal}`, unit },
      line: `systemctl kill -s ${signal} ${unit}`,
    })),
  ),
  ...cases("userData", userData, (text) => ({ userData: text, unit: "gwlb-policy" })),
  ...cases("events", events, (one) => ({ events: [one], unit: "gwlb-drain" })),
  ...cases("metadata", metadata, (one) => ({ metadata: one, unit: "gwlb-policy" })),
  ...cases("policy change", policies, (policy) => ({
    ...{ userData: bundlePolicy(policy).userData, unit: "gwlb-policy" },
  })),
  ...cases("exhaustion", floods, (frames) => ({ frames })),
  { group: "exhaustion", name: "300 slow callers", slow: 300, unit: "gwlb-health" },
  { group: "boot", name: "a restart", reboot: true },
  ...cases("probe port", requests, (request) => ({ request, unit: "gwlb-health" })),
];
