/** Makes the kernel look like a topology: only what differs from the last one is touched. */
import { type Argv, CommandError, run } from "../run";
import { type NftTable, nftRemoval, nftText } from "./nft";
import type { Link, LinkEnd, Namespace, Setting, Topology, VxlanDevice } from "./topology/plan";

/** Commands in the order of running; `input` is what they read. */
export interface Step {
  argv: Argv;
  input?: string;
  /** The thing may be gone already: then there is nothing left to do. */
  optional?: boolean;
}

/** Steps of one stage may run at once; a stage begins when the one before has ended. */
export type Stage = Step[];

/** Keeps what was applied last; one instance owns the namespaces of its box. */
export class Applier {
  #applied: Topology = { namespaces: [], links: [] };

  /**
   * Applies a topology. After an error, what was to stay has stayed, and what was to change is
   * taken away, to be made anew by the next attempt.
   */
  async apply(next: Topology): Promise<void> {
    const previous = this.#applied;
    try {
      for (const stage of planStages(previous, next)) await Promise.all(stage.map(runStep));
      this.#applied = next;
    } catch (cause) {
      this.#applied = common(previous, next);
      for (const stage of planRetreat(previous, next)) await Promise.all(stage.map(runStep));
      throw cause;
    }
  }
}

async function runStep({ argv, input, optional }: Step): Promise<void> {
  try {
    await run(argv, { input, timeoutSeconds: 30 });
  } catch (cause) {
    if (optional === true && cause instanceof CommandError) return;
    if (cause instanceof CommandError && input !== undefined) {
      throw new Error(`${cause.message}\ninput:\n${input}`, { cause });
    }
    throw cause;
  }
}

/**
 * The steps from one topology to another. Rules come before the routes that lead packets to them,
 * and change before routes go: nothing is sent to what is leaving, however long its end takes.
 */
export function planStages(previous: Topology, next: Topology): Stage[] {
  const before = new Map(previous.namespaces.map((n) => [n.name, n]));
  const after = new Map(next.namespaces.map((n) => [n.name, n]));
  const goneLinks = previous.links.filter((link) => !next.links.some((l) => same(l, link)));
  const newLinks = next.links.filter((link) => !previous.links.some((l) => same(l, link)));
  const gone = previous.namespaces.filter((n) => !after.has(n.name));
  const born = next.namespaces.filter((n) => !before.has(n.name));
  const each = (plan: (now: Namespace, was: Namespace | undefined) => Stage): Stage =>
    next.namespaces.flatMap((now) => plan(now, before.get(now.name)));
  const fresh = freshDevices(goneLinks, newLinks);
  const rules = (old: boolean): Stage =>
    each((now, was) => ((was !== undefined) === old ? tables(now, was, "ip") : []));
  return [
    rules(true),
    each(settingsGone),
    [...goneLinks.map(linkDown), ...each(vxlansGone)],
    gone.map((n) => namespaceDown(n.name)),
    born.map((n): Step => ({ argv: ["ip", "netns", "add", n.name] })),
    each(sysctls),
    [...rules(false), ...newLinks.map(linkUp)],
    each(vxlansUp),
    [...devicesUp(newLinks), ...arpAnswers(newLinks)],
    each((now, was) => tables(now, was, "netdev")),
    each((now, was) => settingsNew(now, was, fresh.get(now.name) ?? new Set())),
  ].filter((stage) => stage.length > 0);
}

/** The common part of both: all that is certain after a step from one to the other failed. */
export function common(a: Topology, b: Topology): Topology {
  const others = new Map(b.namespaces.map((n) => [n.name, n]));
  return {
    links: a.links.filter((link) => b.links.some((other) => same(link, other))),
    namespaces: a.namespaces.flatMap((n) => {
      const other = others.get(n.name);
      if (other === undefined) return [];
      const alike = <T>(mine: T[], theirs: T[]) =>
        mine.filter((m) => theirs.some((t) => same(m, t)));
      const sysctls = Object.entries(n.sysctls).filter(([key, v]) => other.sysctls[key] === v);
      return {
        name: n.name,
        sysctls: Object.fromEntries(sysctls),
        vxlans: alike(n.vxlans, other.vxlans),
        settings: alike(n.settings, other.settings),
        tables: alike(n.tables, other.tables),
      };
    }),
  };
}

/**
 * Takes away whatever is not common to both, as far as it is there. Rules stay as they are until
 * the next attempt replaces them: without them packets would pass that must not.
 */
export function planRetreat(previous: Topology, next: Topology): Stage[] {
  const kept = common(previous, next);
  const spaces = new Map(kept.namespaces.map((n) => [n.name, n]));
  const both = [previous, next];
  const links = both.flatMap((t) => t.links).filter((l) => !kept.links.some((k) => same(k, l)));
  const inside = both
    .flatMap((t) => t.namespaces)
    .flatMap((n): Stage => {
      const still = spaces.get(n.name);
      if (still === undefined) return [];
      return [...settingsGone(still, n), ...vxlansGone(still, n)];
    });
  const names = both.flatMap((t) => t.namespaces.map((n) => n.name));
  const gone = [...new Set(names.filter((name) => !spaces.has(name)))];
  return [inside, links.map(linkDown), gone.map(namespaceDown)];
}

const namespaceDown = (name: string): Step => ({
  argv: ["ip", "netns", "del", name],
  optional: true,
});

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Devices that lose what was set on them, by namespace: everything on them is set again. */
function freshDevices(gone: Link[], born: Link[]): Map<string, Set<string>> {
  const devices = new Map<string, Set<string>>();
  for (const { netns, dev } of [...gone, ...born].flatMap((link) => [link.a, link.b])) {
    devices.set(netns, (devices.get(netns) ?? new Set()).add(dev));
  }
  return devices;
}

const batch = (netns: string, lines: string[], tool: "ip" | "bridge", force: boolean): Stage =>
  lines.length === 0
    ? []
    : [
        {
          argv: [tool, "-n", netns, ...(force ? ["-force"] : []), "-batch", "-"],
          input: `${lines.join("\n")}\n`,
          optional: force,
        },
      ];

const toolOf = (setting: Setting): "ip" | "bridge" => setting.tool ?? "ip";

function settingsGone(now: Namespace, was: Namespace | undefined): Stage {
  if (was === undefined) return [];
  const kept = new Set(now.settings.map((setting) => setting.key));
  const gone = was.settings.filter((setting) => !kept.has(setting.key)).reverse();
  return (["bridge", "ip"] as const).flatMap((tool) =>
    batch(
      now.name,
      gone.filter((s) => toolOf(s) === tool).map((s) => s.unset),
      tool,
      true,
    ),
  );
}

function settingsNew(
  now: Namespace,
  was: Namespace | undefined,
  fresh: ReadonlySet<string>,
): Stage {
  const had = new Map(was?.settings.map((setting) => [setting.key, setting.set]));
  const devices = new Set(fresh);
  for (const device of now.vxlans) if (!hasVxlan(was, device)) devices.add(device.dev);
  const onFresh = (setting: Setting) => {
    const dev = / dev (\S+)/.exec(setting.set)?.[1];
    return dev !== undefined && devices.has(dev);
  };
  const changed = now.settings.filter((s) => had.get(s.key) !== s.set || onFresh(s));
  const lines = (tool: "ip" | "bridge") =>
    changed.filter((s) => toolOf(s) === tool).map((s) => s.set);
  const loopback = was === undefined ? ["link set lo up"] : [];
  return [
    ...batch(now.name, [...loopback, ...lines("ip")], "ip", false),
    ...batch(now.name, lines("bridge"), "bridge", false),
  ];
}

const hasVxlan = (was: Namespace | undefined, device: VxlanDevice): boolean =>
  was?.vxlans.some((v) => same(v, device)) ?? false;

function vxlansGone(now: Namespace, was: Namespace | undefined): Stage {
  const gone = (was?.vxlans ?? []).filter((device) => !hasVxlan(now, device));
  return batch(
    now.name,
    gone.map((device) => `link del ${device.dev}`),
    "ip",
    true,
  );
}

function vxlansUp(now: Namespace, was: Namespace | undefined): Stage {
  const born = now.vxlans.filter((device) => !hasVxlan(was, device));
  const lines = born.flatMap(({ dev, mac, vni, port, local }) => [
    // The outer TTL is the inner one's, and DF is set: seen so on Azure. Ports differ per flow.
    `link add ${dev} address ${mac} mtu 1500 type vxlan id ${vni} dstport ${port} local ${local} ttl inherit df set nolearning srcport 1024 65535`,
    `link set ${dev} up`,
  ]);
  return batch(now.name, lines, "ip", false);
}

function sysctls(now: Namespace, was: Namespace | undefined): Stage {
  const changed = Object.entries(now.sysctls).filter(([key, value]) => was?.sysctls[key] !== value);
  if (changed.length === 0) return [];
  const values = changed.map(([key, value]) => `net.${key}=${value}`);
  return [{ argv: ["ip", "netns", "exec", now.name, "sysctl", "-qw", ...values] }];
}

function tables(now: Namespace, was: Namespace | undefined, family: NftTable["family"]): Stage {
  const twins = (a: NftTable, b: NftTable) => a.family === b.family && a.name === b.name;
  const had = (was?.tables ?? []).filter((table) => table.family === family);
  const wanted = now.tables.filter((table) => table.family === family);
  // A device that goes takes its hooks along: chains on devices are made anew with them.
  const stale = family === "netdev" && now.vxlans.some((device) => !hasVxlan(was, device));
  const texts = [
    ...had.filter((t) => stale || !wanted.some((w) => twins(w, t))).map(nftRemoval),
    ...wanted.flatMap((table) => {
      const previous = stale ? undefined : had.find((t) => twins(t, table));
      if (previous !== undefined && same(previous, table)) return [];
      return [nftText(table, previous)];
    }),
  ];
  if (texts.length === 0) return [];
  return [{ argv: ["ip", "netns", "exec", now.name, "nft", "-f", "-"], input: texts.join("") }];
}

const linkDown = ({ a }: Link): Step => ({
  argv: ["ip", "-n", a.netns, "link", "del", a.dev],
  optional: true,
});

/** Both ends are born in their own namespace, so that a crash half-way leaves no stray device. */
function linkUp({ a, b }: Link): Step {
  const place = (end: LinkEnd) => [
    ...[end.dev, "address", end.mac, "mtu", String(end.mtu)],
    ...["netns", end.netns],
  ];
  return { argv: ["ip", "link", "add", ...place(a), "type", "veth", "peer", "name", ...place(b)] };
}

/** Wire packets have their real size: nothing is left for a device that does not exist to cut up. */
function devicesUp(links: Link[]): Stage {
  const ends = links.flatMap((link) => [link.a, link.b]);
  const spaces = [...new Set(ends.map((end) => end.netns))];
  return spaces.flatMap((netns) =>
    batch(
      netns,
      ends
        .filter((end) => end.netns === netns)
        .flatMap(({ dev }) => [`link set ${dev} gso_max_segs 1`, `link set ${dev} up`]),
      "ip",
      false,
    ),
  );
}

function arpAnswers(links: Link[]): Stage {
  const ends = links.flatMap((link) => [link.a, link.b]).filter((end) => end.answersArp);
  return [...new Set(ends.map((end) => end.netns))].map((netns): Step => {
    const values = ends
      .filter((end) => end.netns === netns)
      .flatMap(({ dev }) => [
        `net.ipv4.conf.${dev}.proxy_arp=1`,
        `net.ipv4.neigh.${dev}.proxy_delay=0`,
      ]);
    return { argv: ["ip", "netns", "exec", netns, "sysctl", "-qw", ...values] };
  });
}
