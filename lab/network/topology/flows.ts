/** How flows are told apart and marked. Pure. */

import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";
import { Distribution } from "../model";
import type { Member } from "../view";
import { digest } from "./plan";

behavesSo(
  "Packets through a gateway",
  {
    says: "Both directions of a flow reach the same NVA, by two, three or five of its addresses and ports.",
    documented: docs.gateway,
  },
  {
    says: "An NVA that gets the address of one that is gone does not get its flows.",
    assumed: "Nothing says whether the service tells them apart; the stricter reading.",
  },
);

/** Bits of a packet mark above the NVA's own 24. */
export const EXTERNAL_BIT = 0x1000000;
export const FLIPPED_BIT = 0x2000000;
/** Always set, so that no mark is the number of a routing table that the kernel uses itself. */
export const STEERED_BIT = 0x4000000;

/** Number of an NVA, from the identity of its NIC and never 0. */
export const memberMark = (member: Member): number =>
  Number.parseInt(digest(member.configuration.id, 6), 16) || 1;

/** nft hash over what a distribution mode looks at, the client's side first. */
export function flowHash(distribution: Distribution, inward: boolean, transport: boolean): string {
  const [client, server] = inward ? ["saddr", "daddr"] : ["daddr", "saddr"];
  const [cport, sport] = inward ? ["sport", "dport"] : ["dport", "sport"];
  const addresses = `ip ${client} . ip ${server}`;
  if (distribution === Distribution.SourceIP) return `jhash ${addresses}`;
  if (distribution === Distribution.SourceIPProtocol || !transport) {
    return `jhash ${addresses} . ip protocol`;
  }
  return `jhash ${addresses} . ip protocol . th ${cport} . th ${sport}`;
}

/** Mark of packets that leave a network by the gateway that their public address is chained to. */
export const chainMark = (gatewayId: string): number =>
  STEERED_BIT | Number.parseInt(digest(gatewayId, 6), 16);

/** Mark of packets that leave a network straight to the edge. */
export const DIRECT_MARK = 1;
