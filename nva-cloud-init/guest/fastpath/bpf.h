/* SPDX-License-Identifier: Apache-2.0 */
/* What a program needs to talk to the kernel, and to the loader (gwlb_bpf_object.py). */
#ifndef BPF_H
#define BPF_H

#include <linux/bpf.h>
#include <linux/types.h>

#define INLINE static inline __attribute__((always_inline))

#define be16(number) __builtin_bswap16(number)
#define be32(number) __builtin_bswap32(number)

/* The loader makes a map of each variable in this section. */
#define MAP(name, kind, key, value, most)                                                          \
	const struct map name                                                                      \
		__attribute__((section("maps"))) = {kind, sizeof(key), sizeof(value), most}
/* A constant that the loader sets, by its name, before the kernel sees the program. */
#define CONFIG const volatile

struct map {
	__u32 type;
	__u32 key_bytes;
	__u32 value_bytes;
	__u32 entries;
};

static void *(*const look_up)(
	const struct map *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*const update)(const struct map *map, const void *key, const void *value,
	__u64 flags) = (void *)BPF_FUNC_map_update_elem;
static long (*const forget)(
	const struct map *map, const void *key) = (void *)BPF_FUNC_map_delete_elem;
static long (*const replace_checksum)(struct __sk_buff *skb, __u32 offset, __u64 from, __u64 to,
	__u64 flags) = (void *)BPF_FUNC_l4_csum_replace;
static long (*const redirect)(__u32 ifindex, __u64 flags) = (void *)BPF_FUNC_redirect;
static long (*const pull)(struct __sk_buff *skb, __u32 bytes) = (void *)BPF_FUNC_skb_pull_data;
static __u64 (*const coarse_nanoseconds)(void) = (void *)BPF_FUNC_ktime_get_coarse_ns;

#endif
