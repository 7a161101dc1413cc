/* SPDX-License-Identifier: Apache-2.0 */
/* Written by `npm run docs`; nva-cloud-init/contract/contract.ts is what to change. */
#ifndef CONTRACT_H
#define CONTRACT_H

#define MARK_PASSED 0x80000000
#define MARK_TAKEN 0x40000000
#define MARK_SLOT_A 0x10000000
#define MARK_SLOT_B 0x20000000
#define MARK_ANSWER 0x08000000
#define MARK_TURNED 0x04000000
#define MARK_RUNNING 0x02000000
#define MARK_SELF_TEST 0x01000000
#define MARK_GENERATION 0x00FFFFFF

#endif
