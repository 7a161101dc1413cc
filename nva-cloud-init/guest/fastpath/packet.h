/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a packet's headers, and checks what the kernel's own way checks in them. */
#ifndef PACKET_H
#define PACKET_H

#include "fastpath.h"
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#define IPV4_PLAIN 0x45 /* version 4, a header of five words: no options */
#define IPV4_DONT_FRAGMENT be16(0x4000)

/* As struct ethhdr of linux/if_ether.h, which the compiler would read byte by byte. */
struct frame {
	__u16 destination[3];
	__u16 source[3];
	__be16 type;
};

/* What is read of an inner packet. */
struct inner {
	struct flow flow; /* zeros behind what IPv4 fills */
	int v6;
	__u32 bytes; /* of what follows the IP header */
	__be32 flags; /* of TCP, as linux/tcp.h has them; UDP's are those of a running connection */
	__sum16 checksum; /* of TCP or UDP */
};

#define INNER_BYTES (sizeof(struct frame) + sizeof(struct ipv6hdr) + sizeof(struct tcphdr))

/* Whole words of a packet, wherever they are in it. */
INLINE __u16 load16(const void *at)
{
	return *(const __u16 *)at;
}

INLINE __u64 load64(const void *at)
{
	return *(const __u64 *)at;
}

/* Sums of one's complement, in whatever byte order the numbers are. */
INLINE __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

INLINE __u64 sum_words(const void *at, __u32 bytes)
{
	__u64 sum = 0;

	for (__u32 word = 0; word < bytes / sizeof(__u32); word++)
		sum += ((const __u32 *)at)[word];
	return sum;
}

INLINE int right_header(const struct iphdr *ip)
{
	return fold(sum_words(ip, sizeof(*ip))) == 0xffff;
}

/* Has the first bytes of a packet, up to so many, where a program can read them. */
INLINE void reach(struct __sk_buff *skb, __u32 most)
{
	if ((void *)(long)skb->data + most > (void *)(long)skb->data_end)
		pull(skb, skb->len < most ? skb->len : most);
}

INLINE enum reason read_v4(const struct iphdr *ip, struct inner *inner)
{
	if (*(const __u8 *)ip != IPV4_PLAIN)
		return INNER_HEADER;
	if (ip->frag_off & ~IPV4_DONT_FRAGMENT)
		return INNER_FRAGMENT;
	if (be16(ip->tot_len) != inner->bytes)
		return INNER_LENGTH;
	if (!right_header(ip))
		return INNER_CHECKSUM;
	inner->bytes -= sizeof(*ip);
	inner->flow.protocol = ip->protocol;
	inner->flow.v4.source = ip->saddr;
	inner->flow.v4.destination = ip->daddr;
	return FAST;
}

INLINE enum reason read_v6(const struct ipv6hdr *ip, struct inner *inner)
{
	if (ip->version != 6)
		return INNER_HEADER;
	inner->bytes -= sizeof(*ip);
	if (be16(ip->payload_len) != inner->bytes)
		return INNER_LENGTH;
	inner->v6 = 1;
	inner->flow.protocol = ip->nexthdr;
	for (int half = 0; half < 2; half++) {
		inner->flow.v6.source[half] = load64(&ip->saddr.s6_addr32[2 * half]);
		inner->flow.v6.destination[half] = load64(&ip->daddr.s6_addr32[2 * half]);
	}
	return FAST;
}

INLINE enum reason read_transport(const void *at, const void *end, struct inner *inner)
{
	const struct tcphdr *tcp = at;
	const struct udphdr *udp = at;

	if ((const void *)(udp + 1) > end)
		return INNER_LENGTH;
	inner->flow.ports = *(const struct ports *)at;
	if (inner->flow.protocol == IPPROTO_UDP) {
		inner->flags = TCP_FLAG_ACK;
		inner->checksum = udp->check;
		return be16(udp->len) == inner->bytes ? FAST : INNER_LENGTH;
	}
	if (inner->flow.protocol != IPPROTO_TCP)
		return INNER_HEADER;
	if ((const void *)(tcp + 1) > end)
		return INNER_LENGTH;
	if (tcp->doff * 4 < sizeof(*tcp) || tcp->doff * 4 > inner->bytes)
		return INNER_LENGTH;
	inner->flags = tcp_flag_word(tcp);
	inner->checksum = tcp->check;
	return FAST;
}

/* `bytes`: from the frame's begin to the packet's end. */
INLINE enum reason read_inner(
	const struct frame *frame, const void *end, __u32 bytes, struct inner *inner)
{
	const void *ip = frame + 1, *next = ip + sizeof(struct iphdr);
	enum reason reason;

	*inner = (struct inner){.bytes = bytes - sizeof(*frame)};
	if (next > end)
		return INNER_LENGTH;
	if (frame->type == be16(ETH_P_IP)) {
		reason = read_v4(ip, inner);
	} else if (frame->type == be16(ETH_P_IPV6)) {
		next = ip + sizeof(struct ipv6hdr);
		if (next > end)
			return INNER_LENGTH;
		reason = read_v6(ip, inner);
	} else {
		return INNER_FRAME;
	}
	return reason == FAST ? read_transport(next, end, inner) : reason;
}

#endif
