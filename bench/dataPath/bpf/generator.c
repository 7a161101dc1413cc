// SPDX-License-Identifier: Apache-2.0
/* Makes packets of a gateway of the frames that the kernel hands to a NIC (packets.py). A frame is
 * used again and again, and the NVA has written its own outer header over it: so all of its head is
 * written anew.
 */
#include "bpf.h"
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stddef.h>

/* Ethernet, IP, UDP and VXLAN around the inner frame. */
#define OUTER_BYTES 50
#define INNER_AT (OUTER_BYTES + ETH_HLEN)
#define UDP_BYTES (INNER_AT + sizeof(struct iphdr) + sizeof(struct udphdr))
#define TCP_BYTES (INNER_AT + sizeof(struct iphdr) + sizeof(struct tcphdr))
/* Bit 15 is set in each client's port: an ephemeral one, and complements of it do not overflow. */
#define LOWEST_PORT 0x8000

/* How packets begin: those to the server, then those from it, if there are both. */
CONFIG __u32 heads[2][TCP_BYTES / sizeof(__u32)] = {};

/* UDP: the flows take turns; first each sends, then each is answered. */
CONFIG __u32 first_port = 0;
CONFIG __u32 flow_bits = 0; /* so many flows as there are numbers of them */
CONFIG __u32 answered = 0;

/* TCP: each packet is of another connection; all ports of a client, then the next client's. */
CONFIG __u32 from_server = 0;
CONFIG __u32 many_clients = 0;
/* 1 for what follows a SYN, and has the next sequence number. */
CONFIG __u32 follows = 0;

MAP(counter, BPF_MAP_TYPE_ARRAY, __u32, __u64, 1);

/* Begins a packet and gives its number; NULL if there is no room for the head. */
INLINE void *begin(const struct xdp_md *context, __u32 bytes, __u64 *number)
{
	void *data = (void *)(long)context->data;
	__u64 *next = look_up(&counter, &(__u32){0});

	if (!next || data + bytes > (void *)(long)context->data_end)
		return NULL;
	*number = (*next)++;
	return data;
}

INLINE void write_head(__u32 *data, __u32 bytes, __u32 way)
{
	for (__u32 word = 0; word < bytes / sizeof(*data); word++)
		data[word] = heads[way & 1][word];
}

int udp(struct xdp_md *context)
{
	struct iphdr *ip;
	struct udphdr *packet;
	__u64 number;
	__u32 way;
	__u16 port;
	void *data = begin(context, UDP_BYTES, &number);

	if (!data)
		return XDP_DROP;
	ip = data + INNER_AT;
	packet = (void *)(ip + 1);
	way = number >> flow_bits & answered;
	port = first_port + (number & ((1 << flow_bits) - 1));
	write_head(data, UDP_BYTES, way);
	if (way)
		packet->dest = be16(port);
	else
		packet->source = be16(port);
	return XDP_PASS;
}

int tcp(struct xdp_md *context)
{
	struct iphdr *ip;
	struct tcphdr *packet;
	__be16 *address, *sequence;
	__u64 number;
	__u16 client, port;
	void *data = begin(context, TCP_BYTES, &number);

	if (!data)
		return XDP_DROP;
	ip = data + INNER_AT;
	packet = (void *)(ip + 1);
	write_head(data, TCP_BYTES, 0);
	address = (void *)(from_server ? &ip->daddr : &ip->saddr);
	sequence = (void *)(from_server ? &packet->ack_seq : &packet->seq);
	port = number % LOWEST_PORT | LOWEST_PORT;
	if (from_server)
		packet->dest = be16(port);
	else
		packet->source = be16(port);
	/* Complements keep the checksums right. */
	sequence[1] = be16((__u16)(~port + follows));
	if (many_clients) {
		client = number / LOWEST_PORT;
		address[1] = be16(client);
		ip->id = be16((__u16)~client);
		sequence[0] = be16((__u16)~client);
	}
	return XDP_PASS;
}
