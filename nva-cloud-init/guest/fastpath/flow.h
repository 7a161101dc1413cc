/* SPDX-License-Identifier: Apache-2.0 */
/* When an entry is good, and the cookie that stands for one after a handshake's second packet. */
#ifndef FLOW_H
#define FLOW_H

#include "fastpath.h"

INLINE int in_force(__u32 learned)
{
	const __u32 *current = look_up(&generation, &(__u32){0});

	return learned && current && *current == learned;
}

/* A cookie is the flow, the generation and the time, mixed with the secret, and so says in one
 * number all that an entry says. Of flows that share a place the last one has its cookie there; the
 * others go the long way.
 */
INLINE __u64 *cookie_of(const struct flow *flow, __u32 learned, __u64 *cookie)
{
	const __u64 *words = (const void *)flow;
	const __u64 factor = secret;
	__u64 mixed = (coarse_nanoseconds() >> COOKIE_LIFE_SHIFT << 24) + learned;
	__u32 place;

	for (__u32 word = 0; word < sizeof(*flow) / sizeof(*words); word++) {
		mixed = (mixed ^ words[word]) * factor;
		mixed ^= mixed >> 32;
	}
	*cookie = mixed | 1;
	place = (mixed >> 1) % COOKIES;
	return look_up(&cookies, &place);
}

INLINE void give_cookie(const struct flow *back, __u32 learned)
{
	__u64 cookie, *place = cookie_of(back, learned, &cookie);

	if (place)
		*place = cookie;
}

/* True once for each cookie. */
INLINE int take_cookie(const struct flow *flow)
{
	const __u32 *current = look_up(&generation, &(__u32){0});
	__u64 cookie, *place;

	if (!current || !*current)
		return 0;
	place = cookie_of(flow, *current, &cookie);
	return place && *place == cookie && __sync_val_compare_and_swap(place, cookie, 0) == cookie;
}

#endif
