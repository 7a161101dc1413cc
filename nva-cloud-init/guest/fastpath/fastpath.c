// SPDX-License-Identifier: Apache-2.0
/* The two programs of the fast path. What they are good for: gwlb/fastpath.py. */
#include "flow.h"
#include "outer.h"
#include <linux/pkt_cls.h>

#define TCP_ENDS (TCP_FLAG_FIN | TCP_FLAG_RST)
#define TCP_STATE (TCP_ENDS | TCP_FLAG_SYN | TCP_FLAG_ACK)

INLINE struct flow reversed(const struct inner *inner)
{
	const struct flow *flow = &inner->flow;
	struct flow back = {.protocol = flow->protocol};

	back.ports.source = flow->ports.destination;
	back.ports.destination = flow->ports.source;
	if (inner->v6) {
		for (int half = 0; half < 2; half++) {
			back.v6.source[half] = flow->v6.destination[half];
			back.v6.destination[half] = flow->v6.source[half];
		}
	} else {
		back.v4.source = flow->v4.destination;
		back.v4.destination = flow->v4.source;
	}
	return back;
}

INLINE void note(
	const struct map *flows, const struct inner *inner, const struct flow *back, __u32 learned)
{
	struct entry entry = {.generation = learned};

	if (inner->flags & TCP_ENDS) {
		forget(flows, &inner->flow);
		forget(flows, back);
	} else {
		entry.expires = coarse_nanoseconds() + ENTRY_NANOSECONDS;
		update(flows, &inner->flow, &entry, BPF_ANY);
		update(flows, back, &entry, BPF_ANY);
	}
}

/* At a tunnel's way out, behind all that may drop a packet: notes both ways of a flow whose packet
 * the rules have passed as one of a flow that they let start.
 */
int learn(struct __sk_buff *skb)
{
	const __u32 mark = skb->mark, learned = mark & MARK_GENERATION;
	struct inner inner;
	struct flow back;

	/* What catches the self-test behind the tunnel knows it by its mark. */
	if (mark & MARK_SELF_TEST)
		return TC_ACT_UNSPEC;
	/* Nobody reads it any more. A tunnel looks its route up anew for each packet with a mark.
	 */
	skb->mark = 0;
	if (!(mark & MARK_TAKEN) || skb->vlan_present || !in_force(learned))
		return TC_ACT_UNSPEC;
	reach(skb, INNER_BYTES);
	if (read_inner((void *)(long)skb->data, (void *)(long)skb->data_end, skb->len, &inner) !=
		FAST)
		return TC_ACT_UNSPEC;
	/* The rules judge what begins a flow, and what ends it. */
	if (!(inner.flags & (TCP_FLAG_ACK | TCP_ENDS)))
		return TC_ACT_UNSPEC;
	back = reversed(&inner);
	if ((inner.flags & (TCP_FLAG_SYN | TCP_ENDS)) == TCP_FLAG_SYN)
		give_cookie(&back, learned);
	else
		note(inner.v6 ? &flows_v6 : &flows_v4, &inner, &back, learned);
	return TC_ACT_UNSPEC;
}

INLINE enum reason judge_flow(const struct inner *inner)
{
	const struct flow *flow = &inner->flow;
	const struct entry *entry;

	if ((inner->flags & TCP_STATE) != TCP_FLAG_ACK)
		return TCP_FLAGS;
	if (inner->v6)
		entry = look_up(&flows_v6, flow);
	else
		entry = look_up(&flows_v4, flow);
	if (!entry)
		return flow->protocol == IPPROTO_TCP && take_cookie(flow) ? FAST : UNKNOWN;
	if (coarse_nanoseconds() > entry->expires)
		return EXPIRED;
	return in_force(entry->generation) ? FAST : OTHER_POLICY;
}

INLINE enum reason judge(struct __sk_buff *skb)
{
	struct packet packet;
	struct inner inner;
	enum reason reason;

	reach(skb, INNER_AT + INNER_BYTES);
	if (!find_headers(skb, &packet))
		return NOT_TUNNEL;
	reason = judge_outer(skb, &packet);
	if (reason == FAST)
		reason = judge_frame(packet.frame);
	if (reason == FAST)
		reason = read_inner(packet.frame, packet.end, skb->len - INNER_AT, &inner);
	if (reason == FAST)
		reason = judge_flow(&inner);
	if (reason == FAST)
		reason = update_checksum(skb, &packet, &inner);
	if (reason == FAST)
		turn_round(&packet);
	return reason;
}

INLINE void count(const struct __sk_buff *skb, __u32 reason)
{
	struct count *counted = look_up(&counts, &reason);

	if (!counted)
		return;
	/* What was merged counts as the packets that it came in. */
	counted->packets += skb->gso_segs ?: 1;
	counted->bytes += skb->len - INNER_AT - sizeof(struct frame);
}

/* At the NIC's way in: sends a packet of a known flow back, as one of the other tunnel. Whatever is
 * odd about a packet is left to the kernel's own way, and counted by its reason.
 */
int reflect(struct __sk_buff *skb)
{
	const enum reason reason = judge(skb);

	count(skb, reason);
	return reason == FAST ? redirect(skb->ifindex, 0) : TC_ACT_UNSPEC;
}
