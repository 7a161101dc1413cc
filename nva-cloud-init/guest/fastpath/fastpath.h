/* SPDX-License-Identifier: Apache-2.0 */
/* Facts that the two programs of the fast path share: configuration, maps, reasons. */
#ifndef FASTPATH_H
#define FASTPATH_H

#include "bpf.h"
#include "contract.h"

/* An entry is good for a second: then the rules judge one of the flow's packets again. */
#define ENTRY_NANOSECONDS 1000000000
/* A handshake cookie is good for 2^30 nanoseconds at most. */
#define COOKIE_LIFE_SHIFT 30
#define COOKIES (1 << 16)

/* Two entries for each flow; the kernel forgets the oldest when there are more. */
#define FLOWS_V4 131072
#define FLOWS_V6 32768

/* Why a packet at the NIC goes the long way; the first: it does not. */
#define REASONS(REASON)                                                                            \
	REASON(FAST, "")                                                                           \
	REASON(NOT_TUNNEL, "no tunnel packet of the gateway")                                      \
	REASON(NOT_OURS, "not for this NIC")                                                       \
	REASON(OUTER_FRAGMENT, "outer fragment")                                                   \
	REASON(OUTER_LENGTH, "outer length")                                                       \
	REASON(OUTER_CHECKSUM, "outer checksum")                                                   \
	REASON(CONGESTION, "congestion mark")                                                      \
	REASON(INNER_FRAME, "inner frame")                                                         \
	REASON(INNER_HEADER, "inner header")                                                       \
	REASON(INNER_FRAGMENT, "inner fragment")                                                   \
	REASON(INNER_LENGTH, "inner length")                                                       \
	REASON(INNER_CHECKSUM, "inner checksum")                                                   \
	REASON(TCP_FLAGS, "TCP flags")                                                             \
	REASON(UNKNOWN, "unknown flow")                                                            \
	REASON(EXPIRED, "entry expired")                                                           \
	REASON(OTHER_POLICY, "entry of another policy")

#define REASON_NUMBER(name, text) name,
#define REASON_TEXT(name, text) text "\n"
enum reason { REASONS(REASON_NUMBER) REASON_COUNT };
/* For who reads the counters. */
const char reasons[] = REASONS(REASON_TEXT);

/* As packets have them. */
CONFIG __be32 gateway = 0;
CONFIG __be32 nic_address = 0;
/* Of the two tunnels; the number includes the header's reserved byte. */
CONFIG __be16 ports[2] = {};
CONFIG __be32 vnis[2] = {};
/* Of the bridge and its two ports; the two highest bytes are 0. */
CONFIG __u64 own_macs[3] = {};
/* Odd. Nobody else can make cookies. */
CONFIG __u64 secret = 0;

struct ports {
	__be16 source;
	__be16 destination;
} __attribute__((aligned(4)));

/* A packet's flow, in its own direction; keys of the maps. */
struct flow {
	struct ports ports;
	__u32 protocol;
	union {
		struct {
			__be32 source;
			__be32 destination;
		} v4;
		struct {
			__u64 source[2];
			__u64 destination[2];
		} v6;
	};
};

struct entry {
	__u64 expires; /* on the kernel's coarse clock */
	__u32 generation;
	__u32 unused;
};

struct count {
	__u64 packets;
	__u64 bytes; /* from the inner IP header on */
};

/* The key is the flow as far as IPv4 fills it. */
MAP(flows_v4, BPF_MAP_TYPE_LRU_HASH, __u64[2], struct entry, FLOWS_V4);
MAP(flows_v6, BPF_MAP_TYPE_LRU_HASH, struct flow, struct entry, FLOWS_V6);
/* The generation of the policy in force; 0 while there is none. */
MAP(generation, BPF_MAP_TYPE_ARRAY, __u32, __u32, 1);
/* A cookie in each, or 0. */
MAP(cookies, BPF_MAP_TYPE_ARRAY, __u32, __u64, COOKIES);
MAP(counts, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct count, REASON_COUNT);

#endif
