/** The NVA that a packet goes to, and the packets that a gateway drops. Pure. */
import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";
import type { NftChain, NftTable } from "../nft";
import { dropped } from "../nft";
import type { Gateway, Member, View } from "../view";
import { EXTERNAL_BIT, FLIPPED_BIT, flowHash, memberMark, STEERED_BIT } from "./flows";
import { LAN, UPLINK, VXLAN_EX, VXLAN_IN } from "./names";

behavesSo(
  "Packets through a gateway",
  {
    says: "The outer packet has DF set, identification 0 and the inner TTL; its source port differs per flow.",
    reported: "a capture on Azure, in the article that this project began with",
  },
  {
    says: "When an NVA dies new flows go elsewhere, UDP moves, and established TCP stays and stalls.",
    documented: `${docs.probes}, of Standard load balancers`,
  },
  {
    says: "With no healthy NVA chained traffic stops.",
    reported: "https://github.com/Keysight-Tech/cloudlens-vpb-azure-gwlb",
  },
);

/** Devices towards consumers. */
const CONSUMERS = `"c-*"`;
/** Before connection tracking, after fragments were put together. */
const BEFORE_TRACKING = -310;

/** The ruleset of a gateway's namespace. */
export function planSteering(view: View, gateway: Gateway): NftTable {
  const healthy = gateway.members.filter((member) => view.health(gateway.rule, member).healthy);
  return {
    family: "ip",
    name: "gateway",
    counters: [
      ...["to_external", "from_internal", "to_internal", "from_external"],
      ...["no_healthy_nva", "not_chained", "invalid", "astray", "stranger"],
    ],
    sets: setsOf(view, gateway, healthy),
    chains: [
      ...untracked(),
      choice(gateway, healthy.map(memberMark), true),
      choice(gateway, healthy.map(memberMark), false),
      steering("inbound", "ip daddr != @chained", "choose_inbound", EXTERNAL_BIT),
      steering("outbound", "ip saddr != @chained", "choose_outbound", 0),
      {
        name: "steer",
        hook: "type filter hook prerouting priority mangle; policy accept;",
        rules: [`iifname "${UPLINK}" goto inbound`, `iifname ${CONSUMERS} goto outbound`],
      },
      forwarding(),
      ...towardsNvas(gateway),
    ],
  };
}

/** Addresses and marks that the rules look up. */
function setsOf(view: View, { id, members }: Gateway, healthy: Member[]): NftTable["sets"] {
  const chained = view.entries.filter((entry) => entry.chain === id && entry.vnetId !== undefined);
  const marks = (of: Member[]) => of.map((member) => String(memberMark(member)));
  const nvas = members.map(({ configuration }) => configuration.address);
  return [
    { name: "chained", type: "ipv4_addr", elements: chained.map(({ address }) => address) },
    { name: "nvas", type: "ipv4_addr", elements: nvas },
    { name: "healthy", type: "mark", elements: marks(healthy) },
    { name: "members", type: "mark", elements: marks(members) },
  ];
}

/** Packets that connection tracking must not see, and the ones of consumers that are not chained. */
const untracked = (): NftChain[] => [
  {
    name: "tunnels",
    hook: `type filter hook prerouting priority ${BEFORE_TRACKING}; policy accept;`,
    rules: [
      // The same packet passes here a second time; one entry must not track both passes.
      `iifname { "${LAN}", "${VXLAN_IN}", "${VXLAN_EX}" } notrack`,
      `iifname "${VXLAN_IN}" ip daddr != @chained ${dropped("not_chained")}`,
      `iifname "${VXLAN_EX}" ip saddr != @chained ${dropped("not_chained")}`,
    ],
  },
  {
    name: "own",
    hook: `type filter hook output priority ${BEFORE_TRACKING}; policy accept;`,
    rules: ["notrack"],
  },
];

/** Outer packets: the tunnels' ports take them from NVAs alone. */
const towardsNvas = ({ internal, external }: Gateway): NftChain[] => [
  {
    name: "input",
    hook: "type filter hook input priority filter; policy accept;",
    rules: [
      `iifname "${LAN}" ip saddr @nvas udp dport { ${internal.port}, ${external.port} } accept`,
      dropped("stranger"),
    ],
  },
  {
    name: "outer",
    hook: "type filter hook postrouting priority mangle; policy accept;",
    rules: [`oifname "${LAN}" meta l4proto udp ip id set 0`],
  },
];

/** Picks a healthy NVA for a flow; with none, the flow stays without a mark. */
function choice(gateway: Gateway, marks: number[], inward: boolean): NftChain {
  const name = inward ? "choose_inbound" : "choose_outbound";
  if (marks.length === 0) return { name, rules: [] };
  const map = marks.map((mark, i) => `${i} : ${mark}`).join(", ");
  const pick = (transport: boolean) => {
    const hash = flowHash(gateway.rule.distribution, inward, transport);
    return `ct mark set ${hash} mod ${marks.length} seed 0x9e3779b9 map { ${map} }`;
  };
  return { name, rules: [`meta l4proto { tcp, udp } ${pick(true)} return`, pick(false)] };
}

function steering(name: string, stranger: string, choose: string, tunnelBit: number): NftChain {
  const hex = (bits: number) => `0x${bits.toString(16)}`;
  return {
    name,
    rules: [
      `${stranger} ${dropped("not_chained")}`,
      `ct state invalid ${dropped("invalid")}`,
      `ct mark 0 jump ${choose}`,
      // A SYN opens a flow: it is not bound by what its ports had to do with an NVA that has left.
      `tcp flags & (syn | ack) == syn ct mark != @members jump ${choose}`,
      // UDP moves away from a dead instance; established TCP stays, and stalls.
      `meta l4proto != tcp ct mark != @healthy jump ${choose}`,
      `meta l4proto != tcp ct mark != @healthy ${dropped("no_healthy_nva")}`,
      `ct mark 0 ${dropped("no_healthy_nva")}`,
      `meta mark set ct mark or ${hex(STEERED_BIT | tunnelBit)}`,
      `ct state new meta mark set meta mark or ${hex(FLIPPED_BIT)}`,
    ],
  };
}

/** Nothing goes past the NVA: each way in has exactly one way out. */
function forwarding(): NftChain {
  const pass = (from: string, to: string, counter: string) =>
    `iifname ${from} oifname ${to} counter name "${counter}" accept`;
  return {
    name: "forward",
    hook: "type filter hook forward priority filter; policy drop;",
    rules: [
      pass(`"${UPLINK}"`, `"${VXLAN_EX}"`, "to_external"),
      pass(CONSUMERS, `"${VXLAN_IN}"`, "to_internal"),
      pass(`"${VXLAN_IN}"`, CONSUMERS, "from_internal"),
      pass(`"${VXLAN_EX}"`, `"${UPLINK}"`, "from_external"),
      dropped("astray"),
    ],
  };
}
