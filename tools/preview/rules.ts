/** The rules of a delivered policy, read back from what the appliance loads. Pure. */
import { decodeBundle } from "../../components/policy/bundle";
import type { CompiledPolicy } from "../../components/policy/compile";
import { decodeRanges } from "../../components/policy/ranges";

/** One rule of a policy, in words. */
export interface DeliveredRule {
  /** Name that the author gave it, or `default-inbound` and `default-outbound`. */
  name: string;
  direction: "inbound" | "outbound";
  action: string;
  /** What it matches, sorted: one entry per combination of addresses and ports. */
  matches: string[];
}

/** The rules in the order of looking at them, and how the policy treats flows as a whole. */
export interface DeliveredPolicy {
  rules: DeliveredRule[];
  stateful: boolean;
}

/** The policy in a machine's userData; undefined when that holds none. */
export function deliveredPolicy(userData: string | undefined): DeliveredPolicy | undefined {
  if (userData === undefined || !userData.startsWith(BUNDLE_START)) return undefined;
  const compiled = decodeBundle(userData);
  const rules = new Map<string, DeliveredRule>();
  for (const family of [4, 6] as const) {
    for (const rule of rulesOf(compiled, family)) {
      const key = `${rule.direction} ${rule.name}`;
      const known = rules.get(key);
      const matches = [...new Set([...(known?.matches ?? []), ...rule.matches])].sort();
      rules.set(key, { ...rule, matches });
    }
  }
  return { rules: [...rules.values()], stateful: compiled.stateful };
}

/** First characters of a bundle in base64; the header's length makes them independent of the rest. */
const BUNDLE_START = Buffer.from("azure-gwlb-policy/").toString("base64");

/** Chains that judge the first packet of a flow, by direction; answers have chains of their own. */
const chains = { "@-IN": "inbound", "@-OUT": "outbound" } as const;

function rulesOf(compiled: CompiledPolicy, family: 4 | 6): DeliveredRule[] {
  const lines = (family === 4 ? compiled.filter4 : compiled.filter6).split("\n").map(parse);
  const logs = lines.filter(({ comment }) => comment.startsWith("log:"));
  return Object.entries(chains).flatMap(([chain, direction]) =>
    lines
      .filter((line) => line.chain === chain)
      .flatMap((line) => {
        // A rule with several matches or a limit has its verdict in a chain of its own.
        const verdicts = [line, ...lines.filter(({ chain: own }) => own === line.target)];
        const named = verdicts.find(({ comment }) => comment !== "" && !comment.includes(":"));
        if (named === undefined || line.comment.startsWith("log:")) return [];
        const matches = [matchOf(line, compiled, family)];
        return [
          { name: named.comment, direction, action: actionOf(verdicts, named, logs), matches },
        ];
      }),
  );
}

interface Line {
  chain: string;
  target: string;
  comment: string;
  option: (name: string) => string | undefined;
  marks: string[];
}

function parse(text: string): Line {
  const words = text.split(" ");
  const after = (name: string) => {
    const index = words.indexOf(name);
    return index < 0 ? undefined : words[index + 1];
  };
  return {
    chain: after("-A") ?? "",
    target: after("-g") ?? after("-j") ?? "",
    comment: after("--comment") ?? "",
    option: after,
    marks: words.flatMap((word, index) => (words[index - 1] === "--mark" ? [word] : [])),
  };
}

function actionOf(verdicts: readonly Line[], named: Line, logs: readonly Line[]): string {
  const log = logs.find(({ comment }) => comment === `log:${named.comment}`);
  const trial = log?.option("--nflog-prefix")?.startsWith("trial:") === true;
  // Lines of records have a limit of their own, and so have names with a colon in them.
  const rates = verdicts.filter(({ comment }) => !comment.includes(":"));
  const rate = rates
    .map(({ option }) => option("--limit") ?? option("--hashlimit-upto"))
    .find((text) => text !== undefined);
  const action = named.target === "DROP" ? "drop" : trial ? "drop on trial" : "allow";
  const limit = rate === undefined ? "" : ` up to ${rate}`;
  return `${action}${limit}${log !== undefined && !trial ? " and record" : ""}`;
}

function matchOf({ option, marks }: Line, compiled: CompiledPolicy, family: 4 | 6): string {
  const sets = marks.flatMap((mark) => {
    const bits = Number(mark.split("/")[0]);
    return compiled.sets.filter((set) => set.family === family && bits === 1 << set.bit);
  });
  const side = (flag: string, name: "source" | "destination") => {
    const ranges = sets.filter((set) => set.side === name).map((set) => decodeRanges(set.ranges));
    const [list] = ranges;
    if (list === undefined) return option(flag) ?? "any";
    const total = list.reduce((sum, { first, last }) => sum + (last - first + 1n), 0n);
    return `a set of ${total} addresses`;
  };
  const ports = option("--dports") ?? option("--dport");
  const icmp = option("--icmp-type") ?? option("--icmpv6-type");
  const detail = ports === undefined ? (icmp ? ` type ${icmp}` : "") : ` ${ports}`;
  const what = `${option("-p") ?? "any protocol"}${detail}`.replaceAll(":", "-");
  return `${side("-s", "source")} → ${side("-d", "destination")}, ${what}`;
}
