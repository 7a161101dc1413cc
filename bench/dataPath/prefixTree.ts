/** Networks as a tree of iptables chains: the other way to match many without sets. Pure. */

/** Bits of address after which the tree branches. */
const WIDTHS = [4, 8, 12, 16, 20];

/** Chains and rules that drop what comes from /24 networks: at most 16 jumps from a chain. */
export function prefixTree(networks: readonly string[], match: string): string[] {
  const chains = new Map<string, Set<string>>([["FORWARD", new Set()]]);
  for (const network of networks) {
    const [a = 0, b = 0, c = 0] = network.split(".").map((part) => Number.parseInt(part, 10));
    const value = ((a << 16) | (b << 8) | c) >>> 0;
    let parent = "FORWARD";
    for (const width of WIDTHS) {
      const prefix = (value >>> (24 - width)) << (24 - width);
      const block = `${prefix >>> 16}.${(prefix >>> 8) & 255}.${prefix & 255}.0/${width}`;
      const chain = `P${width}-${prefix.toString(16)}`;
      const only = parent === "FORWARD" ? ` ${match}` : "";
      chains.get(parent)?.add(`-A ${parent} -s ${block}${only} -g ${chain}`);
      if (!chains.has(chain)) chains.set(chain, new Set());
      parent = chain;
    }
    chains.get(parent)?.add(`-A ${parent} -s ${network} -j DROP`);
  }
  const own = [...chains.keys()].filter((chain) => chain !== "FORWARD");
  return [
    ...own.map((chain) => `:${chain} - [0:0]`),
    ...[...chains.values()].flatMap((lines) => [...lines]),
  ];
}
