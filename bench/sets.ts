/**
 * What does a policy cost a packet? Ways to look up 10,000 networks, and 500 rules, against the one
 * rule of the reference configuration, in one run; rounds are interleaved, so that a busy machine
 * hits all alike, and the best round of each counts. Root; `node -r tsx/cjs bench/sets.ts [ROUNDS [WORD]]`,
 * WORD picking ways by their names.
 */
import path from "node:path";
import { bundlePolicy, type FirewallPolicy, type FirewallRule } from "../components/firewall";
import { run, start } from "../lab/run";
import { boxed } from "../test/support/box";
import { KernelJudge, type PolicyMachine, policyMachine } from "../test/support/policyMachine";
import { manyRules, NETWORKS, RULES, randomNetworks, referenceRule } from "./policies";

export interface Way {
  name: string;
  /** Puts the rules in force, nothing else being so. */
  load: () => Promise<void>;
  /** Bytes of userData, where that is how the rules travel. */
  bytes?: number;
}

export interface Figures {
  name: string;
  loadSeconds: number;
  /** TCP handshake, microseconds: median and 99th percentile. */
  p50: number;
  p99: number;
  /** Small UDP packets of one flow that arrive in a second. */
  packets: number;
  bytes?: number;
}

const CLIENT = "10.9.0.1";
const SERVER = "10.9.0.2";

const open = { defaultInbound: "allow", defaultOutbound: "allow" } as const;
const bad: FirewallRule = { name: "bad", action: "drop", direction: "inbound", sources: ["bad"] };

function ways(machine: PolicyMachine, judge: KernelJudge): Way[] {
  const networks = randomNetworks(NETWORKS);
  const addressSets = { bad: networks };
  const plain = async (lines: string[]) => {
    await machine.inNva(["nft", "flush", "ruleset"]);
    const text = ["*filter", ":FORWARD ACCEPT [0:0]", ...lines, "COMMIT", ""].join("\n");
    await machine.inNva(["iptables-restore"], text);
  };
  const policy = (name: string, content: FirewallPolicy): Way => {
    const { userData, bytes } = bundlePolicy(content);
    return {
      name,
      bytes,
      load: async () => {
        await machine.inNva(["nft", "flush", "ruleset"]);
        for (const tool of ["iptables", "ip6tables"])
          await machine.inNva([`${tool}-restore`], BASE);
        await judge.load(userData);
      },
    };
  };
  const physdev = "-m physdev --physdev-is-bridged --physdev-in vxlan-ex";
  return [
    {
      name: "reference: one iptables rule, no state",
      load: () => plain([`-A FORWARD -s 8.8.8.8/32 -p tcp ${physdev} -m tcp --dport 22 -j DROP`]),
    },
    policy("policy: the reference rule", { rules: [referenceRule], ...open }),
    policy(`policy: ${NETWORKS} networks in a set`, { rules: [bad], addressSets, ...open }),
    policy("policy: 10 networks in a set", {
      rules: [bad],
      addressSets: { bad: networks.slice(0, 10) },
      ...open,
    }),
    policy(`policy: ${NETWORKS} networks and ${RULES} rules`, {
      rules: [bad, ...manyRules(RULES)],
      addressSets,
      ...open,
    }),
    {
      name: `${NETWORKS} iptables rules in a row`,
      load: () => plain(networks.map((n) => `-A FORWARD -s ${n} ${physdev} -j DROP`)),
    },
    {
      name: `${NETWORKS} networks as a tree of iptables chains`,
      load: () => plain(prefixTree(networks, physdev)),
    },
  ];
}

const BASE = [
  "*filter",
  ":FORWARD DROP [0:0]",
  ":GWLB - [0:0]",
  "-A FORWARD -m physdev --physdev-is-bridged -j GWLB",
  "COMMIT",
  "",
].join("\n");

/** A chain per prefix of 4, 8, 12, 16 and 20 bits that some network has, at most 16 jumps each. */
function prefixTree(networks: string[], physdev: string): string[] {
  const chains = new Map<string, Set<string>>([["FORWARD", new Set()]]);
  for (const network of networks) {
    const [a = 0, b = 0, c = 0] = network.split(".").map((part) => Number.parseInt(part, 10));
    const value = ((a << 16) | (b << 8) | c) >>> 0;
    let parent = "FORWARD";
    for (const width of [4, 8, 12, 16, 20]) {
      const prefix = (value >>> (24 - width)) << (24 - width);
      const text = `${prefix >>> 16}.${(prefix >>> 8) & 255}.${prefix & 255}.0/${width}`;
      const chain = `P${width}-${prefix.toString(16)}`;
      chains
        .get(parent)
        ?.add(`-A ${parent} -s ${text} ${parent === "FORWARD" ? physdev : ""} -g ${chain}`);
      if (!chains.has(chain)) chains.set(chain, new Set());
      parent = chain;
    }
    chains.get(parent)?.add(`-A ${parent} -s ${network} -j DROP`);
  }
  const own = [...chains.keys()].filter((chain) => chain !== "FORWARD");
  return [
    ...own.map((chain) => `:${chain} - [0:0]`),
    ...[...chains.values()].flatMap((c) => [...c]),
  ];
}

async function measure(count: number): Promise<{ p50: number; p99: number; packets: number }> {
  const inLeft = ["ip", "netns", "exec", "left-b"];
  const script = path.join(__dirname, "handshakes.py");
  const { stdout } = await run([...inLeft, "python3", script, "connect", SERVER, `${count}`]);
  const [p50 = 0, p99 = 0] = stdout.trim().split(" ").map(Number);
  const flood = ["iperf3", "--client", SERVER, "--udp", "--length", "64", "--bitrate", "0"];
  const { stdout: text } = await run([...inLeft, ...flood, "--time", "2", "--json"]);
  const { end } = JSON.parse(text) as {
    end: { sum: { packets: number; lost_packets: number; seconds: number } };
  };
  return { p50, p99, packets: (end.sum.packets - end.sum.lost_packets) / end.sum.seconds };
}

/** Measures every way in each round; the best of its rounds stands for it. */
export async function benchSets(rounds: number, word = ""): Promise<Figures[]> {
  const machine = await policyMachine("b");
  for (const [netns, side, address] of [
    ["left-b", "ex", CLIENT],
    ["right-b", "in", SERVER],
  ] as const) {
    await run(["ip", "netns", "add", netns]);
    await run(["ip", "-n", machine.peer, "link", "set", side, "netns", netns]);
    await run(["ip", "-n", netns, "address", "add", `${address}/24`, "dev", side]);
    await run(["ip", "-n", netns, "link", "set", side, "up"]);
  }
  await run(["ip", "-n", machine.peer, "link", "add", "ex", "type", "veth", "peer", "name", "in"]);
  const judge = new KernelJudge(machine, 0);
  const inRight = ["ip", "netns", "exec", "right-b"];
  const serve = ["python3", path.join(__dirname, "handshakes.py"), "serve", SERVER];
  const servers = [
    start([...inRight, ...serve], { stdio: ["ignore", "pipe", "inherit"] }),
    start([...inRight, "iperf3", "--server"], { stdio: "ignore" }),
  ];
  await new Promise((resolve) => servers[0]?.stdout?.once("data", resolve));
  const figures = new Map<string, Figures>();
  const all = ways(machine, judge).filter(({ name }) => new RegExp(`reference|${word}`).test(name));
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, load, bytes } of all) {
        const begin = performance.now();
        await load();
        const loadSeconds = (performance.now() - begin) / 1000;
        await measureOnce(figures, { name, loadSeconds, bytes });
      }
    }
  } finally {
    judge.close();
    for (const server of servers) server.kill();
  }
  return [...figures.values()];
}

async function measureOnce(
  figures: Map<string, Figures>,
  { name, loadSeconds, bytes }: Pick<Figures, "name" | "loadSeconds" | "bytes">,
): Promise<void> {
  const now = await measure(1000);
  const best = figures.get(name) ?? { name, loadSeconds, ...now, bytes };
  figures.set(name, {
    ...best,
    loadSeconds: Math.min(best.loadSeconds, loadSeconds),
    p50: Math.min(best.p50, now.p50),
    p99: Math.min(best.p99, now.p99),
    packets: Math.max(best.packets, now.packets),
  });
}

/** The figures as a Markdown table, with the share of the first way's. */
export function figuresTable(all: Figures[]): string {
  const base = all[0];
  const share = (value: number, of: number | undefined) => (of ? (value / of).toFixed(2) : "-");
  return [
    "| way | load, s | p50, µs | of reference | p99, µs | packets/s | of reference | userData, bytes |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...all.map(({ name, loadSeconds, p50, p99, packets, bytes }) =>
      [
        `| ${name}`,
        loadSeconds.toFixed(2),
        p50.toFixed(1),
        share(p50, base?.p50),
        p99.toFixed(0),
        packets.toFixed(0),
        share(packets, base?.packets),
        `${bytes ?? "-"} |`,
      ].join(" | "),
    ),
  ].join("\n");
}

if (require.main === module) {
  const [, , rounds = "3", word = ""] = process.argv;
  if (process.env.GWLB_BENCH_BOXED === "1") {
    void benchSets(Number(rounds), word).then((all) => console.log(figuresTable(all)));
  } else {
    const inner = [process.execPath, "-r", "tsx/cjs", __filename, rounds, word];
    start(boxed(inner), { stdio: "inherit", env: { ...process.env, GWLB_BENCH_BOXED: "1" } }).on(
      "close",
      (code) => {
        process.exitCode = code ?? 1;
      },
    );
  }
}
