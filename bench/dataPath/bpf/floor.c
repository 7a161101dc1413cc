// SPDX-License-Identifier: Apache-2.0
/* The least that an NVA can do: what comes by a tunnel goes back by the other one, unseen. */
#include "bpf.h"
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

/* Of the two tunnels, as packets have them. */
CONFIG __be16 ports[2] = {};
CONFIG __be32 vnis[2] = {};

struct frame {
	__u16 macs[2][3];
	__be16 type;
};

struct tunnel {
	struct iphdr ip;
	struct udphdr udp;
	__be32 flags;
	__be32 vni;
};

int turn_round(struct __sk_buff *skb)
{
	struct frame *frame = (void *)(long)skb->data;
	struct tunnel *tunnel = (void *)(frame + 1);
	__be32 from;
	int way;

	if ((void *)(tunnel + 1) > (void *)(long)skb->data_end)
		return TC_ACT_OK;
	if (frame->type != be16(ETH_P_IP) || tunnel->ip.protocol != IPPROTO_UDP)
		return TC_ACT_OK;
	if (tunnel->udp.dest == ports[0])
		way = 1;
	else if (tunnel->udp.dest == ports[1])
		way = 0;
	else
		return TC_ACT_OK;
	for (int part = 0; part < 3; part++) {
		const __u16 to = frame->macs[0][part];

		frame->macs[0][part] = frame->macs[1][part];
		frame->macs[1][part] = to;
	}
	from = tunnel->ip.saddr;
	tunnel->ip.saddr = tunnel->ip.daddr;
	tunnel->ip.daddr = from;
	tunnel->udp.dest = ports[way];
	tunnel->vni = vnis[way];
	return redirect(skb->ifindex, 0);
}
