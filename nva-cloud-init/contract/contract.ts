/**
 * The contract between this library and the programs on an NVA: each fact that both sides need
 * stands here once. `npm run docs` writes the guest's copy, guest/gwlb/contract.py, and the one of
 * its eBPF programs, guest/fastpath/contract.h; a test refuses copies that are not current.
 */

/** One VXLAN tunnel between the gateway and the NVA. */
export interface TunnelSettings {
  /** UDP port of the outer packets. */
  port: number;
  /** VXLAN network identifier. */
  vni: number;
}

/** Settings of an NVA, as its file has them; all of them are fixed for the life of the VM. */
export interface NvaSettings {
  /** Frontend address of the gateway load balancer: the other end of both tunnels. */
  gatewayAddress: string;
  /** Tunnel of the traffic between the NVA and the application. */
  internal: TunnelSettings;
  /** Tunnel of the traffic between the internet and the NVA. */
  external: TunnelSettings;
  /** MTU of the NIC, bytes; the guest takes what the driver takes, from the least on. */
  mtu: number;
  /** TCP port that the load balancer's HTTP probe asks. */
  probePort: number;
  /** Path that the probe asks for, with its leading slash. */
  probePath: string;
  /** Seconds between two looks at the instance metadata service for a new policy. */
  policyPollSeconds: number;
  /** Seconds that a stop or a shutdown waits for flows to end at most. */
  drainSeconds: number;
}

/** Bounds of a whole number, both ends included. */
export interface Bounds {
  least: number;
  most: number;
}

type NumbersOf<T> = { [K in keyof T as T[K] extends number ? K : never]: Bounds };

/** Settings that are numbers. */
export const NUMBERS = {
  // A full inner packet of 1,500 bytes and its outer headers, and the end of Azure's recommendation.
  mtu: { least: 1550, most: 4000 },
  probePort: { least: 1, most: 65_535 },
  policyPollSeconds: { least: 1, most: 3600 },
  drainSeconds: { least: 0, most: 300 },
} as const satisfies NumbersOf<NvaSettings>;

/** Those of a tunnel. A vendor's template enforces the VNIs; every example of Microsoft has such. */
export const TUNNEL_NUMBERS = {
  port: { least: 1, most: 65_535 },
  vni: { least: 800, most: 1000 },
} as const satisfies NumbersOf<TunnelSettings>;

/** Settings that nobody wrote. */
export const DEFAULTS = {
  internal: { port: 10_800, vni: 800 },
  external: { port: 10_801, vni: 801 },
  // The most that every NIC family of Azure takes.
  mtu: 3900,
  probePort: 8080,
  probePath: "/health",
  policyPollSeconds: 10,
  drainSeconds: 60,
} as const satisfies Omit<NvaSettings, "gatewayAddress">;

/** Where things are on an NVA. */
export const FILES = {
  settings: "/etc/azure-gwlb/settings.json",
  programs: "/opt/azure-gwlb",
  units: "/etc/systemd/system",
  /** The policy in force, and the fate of the one in userData. */
  policyState: "/run/azure-gwlb/policy.json",
  /** Records of decisions, one JSON object a line, and their totals. */
  records: "/var/log/azure-gwlb/audit.jsonl",
  recordTotals: "/run/azure-gwlb/audit.json",
} as const;

/**
 * Where the scale set's Application Health extension asks, on the port of the load balancer's probe.
 * It wants the state in the answer's body and takes every 2xx for an answer, so this path is not
 * for the load balancer.
 */
export const APPLICATION_HEALTH_PATH = "/health/application";

/** Where every load balancer of Azure probes from. */
export const PLATFORM = "168.63.129.16";

/** The bridge and its ports: the policy's rules name the ports. */
export const DEVICE = { bridge: "br0", internal: "vxlan-in", external: "vxlan-ex" } as const;

/** Their device groups, by which the rules below every policy know them before they exist. */
export const GROUP = { bridge: 10_799, internal: 10_800, external: 10_801 } as const;

/** Address lists of one family that are looked up as sets: each has one of the mark's low bits. */
export const SET_BITS = 24;

/** Bits of a packet's mark; the low ones are the address sets', or a flow's generation. */
export const MARK = {
  /** The policy lets the packet pass: a tunnel sends nothing else. */
  passed: 0x8000_0000,
  /** Of a flow that the policy in force has let start. */
  taken: 0x4000_0000,
  /** Which of the two names of rules judges the packet. */
  slotA: 0x1000_0000,
  slotB: 0x2000_0000,
  /** Judged as the answer to the flow's opener. */
  answer: 0x0800_0000,
  /** The flow's opener is the end that conntrack takes for the other one. */
  turned: 0x0400_0000,
  /** An earlier policy let the flow start. */
  running: 0x0200_0000,
  /** Of the self-test; no packet from outside has a mark. */
  selfTest: 0x0100_0000,
  /** The generation of the policy that let a flow start. */
  generation: 2 ** SET_BITS - 1,
} as const;

/** Groups by which the kernel hands packets over (NFLOG), and what of them. */
export const NFLOG = {
  recordsGroup: 64,
  selfTestGroup: 65,
  /** Bytes of a packet that a record is made from. */
  recordBytes: 128,
} as const;

/**
 * Comments of the policy's rules: the counter's name, which is the rule's; that name behind a word
 * for lines that count something else.
 */
export const COMMENT = {
  /** The line writes a record. */
  log: "log:",
  /** The line takes what is over the rule's limit. */
  over: "over:",
  /** Packets of flows that were let start before. */
  flow: "flow",
} as const;

/** The action in the prefix of a record, in front of the rule's name: `drop:NAME`. */
export const VERDICT = { allow: "allow", drop: "drop", trial: "trial", separator: ":" } as const;

/** A policy in userData: a line with version and hash, then the body, compressed with gzip. */
export const BUNDLE_VERSION = "azure-gwlb-policy/1";

/**
 * Chains of a bundle. `@` stands for the guest's name of the generation that they are loaded as;
 * the chain that takes a flow is the guest's own.
 */
export const CHAIN = {
  inbound: "@-IN",
  outbound: "@-OUT",
  inboundAnswer: "@-IN-R",
  outboundAnswer: "@-OUT-R",
  take: "@-OK",
} as const;

/** Limits of a policy; as much loads within seconds on a small machine. */
export const LIMIT = {
  /** Bytes of the body, unpacked. */
  bodyBytes: 2 << 20,
  /** Lines of rules per family. */
  lines: 16_384,
  /** Ranges of all address sets together, neighbours joined. */
  ranges: 65_536,
  /** Different combinations of address sets that addresses are in: each is a chain. */
  combinations: 1024,
  /** Characters of a rule's or an address set's name: what the kernel takes for a chain's. */
  name: 28,
  /** Rate and burst: the kernel's `limit` match counts in ten-thousandths of a second. */
  rate: 10_000,
} as const;

/** Names of rules and address sets: regular expressions of a character, first and later ones. */
export const NAME = { first: "[a-z]", rest: "[a-z0-9-]" } as const;
