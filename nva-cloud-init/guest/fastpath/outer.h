/* SPDX-License-Identifier: Apache-2.0 */
/* The tunnel's packet around the inner frame: is it one that a tunnel of the kernel's would take,
 * and how it is sent back.
 */
#ifndef OUTER_H
#define OUTER_H

#include "packet.h"
#include <linux/if_packet.h>
#include <stddef.h>

#define VXLAN_VALID be32(0x08000000)
#define ECN_MASK 3 /* both bits set: congestion was met */
#define OUTER_TTL 64 /* as a tunnel of the kernel's sends */
#define MANGLED_ZERO 0xffff /* 0 would say that there is no checksum (RFC 768) */
#define MAC_BITS 0xffffffffffff
#define MAC_GROUP 1

struct vxlan {
	__be32 flags;
	__be32 vni;
};

struct outer {
	struct iphdr ip;
	struct udphdr udp;
	struct vxlan vxlan;
};

struct packet {
	struct frame *link;
	struct outer *outer;
	const struct frame *frame;
	const void *end;
	__be16 port; /* by which it will leave */
	__be32 vni;
};

#define INNER_AT (sizeof(struct frame) + sizeof(struct outer))
#define OUTER_CHECKSUM_AT (sizeof(struct frame) + offsetof(struct outer, udp.check))

/* Finds the headers; false for a packet that has no room for them. */
INLINE int find_headers(const struct __sk_buff *skb, struct packet *packet)
{
	packet->link = (void *)(long)skb->data;
	packet->outer = (void *)(packet->link + 1);
	packet->frame = (void *)(packet->outer + 1);
	packet->end = (void *)(long)skb->data_end;
	return (void *)(packet->frame + 1) <= packet->end;
}

INLINE int find_way_back(struct packet *packet)
{
	for (int way = 0; way < 2; way++) {
		if (packet->outer->udp.dest != ports[way] || packet->outer->vxlan.vni != vnis[way])
			continue;
		packet->port = ports[1 - way];
		packet->vni = vnis[1 - way];
		return 1;
	}
	return 0;
}

INLINE enum reason judge_outer(const struct __sk_buff *skb, struct packet *packet)
{
	const struct outer *outer = packet->outer;
	const struct iphdr *ip = &outer->ip;
	const __u32 bytes = skb->len - sizeof(struct frame);

	if (packet->link->type != be16(ETH_P_IP) || *(const __u8 *)ip != IPV4_PLAIN)
		return NOT_TUNNEL;
	if (ip->protocol != IPPROTO_UDP || ip->saddr != gateway)
		return NOT_TUNNEL;
	if (outer->vxlan.flags != VXLAN_VALID || !find_way_back(packet))
		return NOT_TUNNEL;
	if (skb->pkt_type != PACKET_HOST || skb->vlan_present || ip->daddr != nic_address)
		return NOT_OURS;
	if (ip->frag_off & ~IPV4_DONT_FRAGMENT)
		return OUTER_FRAGMENT;
	if (be16(ip->tot_len) != bytes || be16(outer->udp.len) != bytes - sizeof(*ip))
		return OUTER_LENGTH;
	if (!right_header(ip))
		return OUTER_CHECKSUM;
	/* A tunnel of the kernel's passes the mark on to the inner packet. */
	return (ip->tos & ECN_MASK) == ECN_MASK ? CONGESTION : FAST;
}

/* A bridge passes a frame on from one station to another, neither of them itself. */
INLINE enum reason judge_frame(const struct frame *frame)
{
	const __u64 destination = load64(frame->destination) & MAC_BITS;
	const __u64 source = load64(frame->destination + 2) >> 16;

	if ((destination | source) & MAC_GROUP || !source)
		return INNER_FRAME;
	for (int mac = 0; mac < 3; mac++) {
		const __u64 own = own_macs[mac];

		if (source == own || destination == own)
			return INNER_FRAME;
	}
	return FAST;
}

/* True if a checksum is only the sum of addresses, protocol and length: the rest of it is left to
 * the hardware.
 */
INLINE int is_partial(__sum16 checksum, __u64 addresses, __u8 protocol, __u16 bytes)
{
	return checksum == fold(addresses + be16(protocol) + be16(bytes));
}

/* Has the outer UDP checksum say what the packet will be; addresses that change places leave it as
 * it is, and one that is wrong stays wrong.
 */
INLINE enum reason update_checksum(
	struct __sk_buff *skb, struct packet *packet, const struct inner *inner)
{
	const struct outer *outer = packet->outer;
	const __sum16 before = outer->udp.check;
	const int partial = is_partial(before, (__u64)outer->ip.saddr + outer->ip.daddr,
		IPPROTO_UDP, be16(outer->udp.len));
	const __u16 change = fold((__u64)packet->port + (__u16)~outer->udp.dest + packet->vni +
				  (__u32)~outer->vxlan.vni);

	if (!before)
		return FAST;
	/* What cuts it into packets later completes the sum in each. */
	if (skb->gso_size)
		return partial ? FAST : OUTER_CHECKSUM;
	replace_checksum(skb, OUTER_CHECKSUM_AT, 0, change, BPF_F_MARK_MANGLED_0);
	if (!find_headers(skb, packet))
		return OUTER_CHECKSUM;
	if (packet->outer->udp.check != before)
		return FAST;
	/* The kernel leaves it alone where a checksum is left to the hardware: either this one, or
	 * the inner packet's, and then this one is complete. If both look so, only the kernel can
	 * tell.
	 */
	if (!partial)
		packet->outer->udp.check = ~fold((__u64)(__u16)~before + change) ?: MANGLED_ZERO;
	else if (is_partial(inner->checksum, sum_words(&inner->flow.v6, sizeof(inner->flow.v6)),
			 inner->flow.protocol, inner->bytes))
		return OUTER_CHECKSUM;
	return FAST;
}

/* Back to who sent it: MAC and IP addresses change places, tunnel and time to live are new. */
INLINE void turn_round(struct packet *packet)
{
	struct frame *link = packet->link;
	struct iphdr *ip = &packet->outer->ip;
	const __be32 sender = ip->saddr;
	const __u16 lived = load16(&ip->ttl);

	for (int part = 0; part < 3; part++) {
		const __u16 destination = link->destination[part];

		link->destination[part] = link->source[part];
		link->source[part] = destination;
	}
	ip->saddr = ip->daddr;
	ip->daddr = sender;
	ip->ttl = OUTER_TTL;
	ip->check = ~fold((__u64)(__u16)~ip->check + (__u16)~lived + load16(&ip->ttl));
	packet->outer->udp.dest = packet->port;
	packet->outer->vxlan.vni = packet->vni;
}

#endif
