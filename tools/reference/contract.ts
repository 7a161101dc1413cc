/** The contract as the guest's programs have it: a module of Python, and a header of C. Pure. */
import {
  APPLICATION_HEALTH_PATH,
  type Bounds,
  BUNDLE_VERSION,
  CHAIN,
  COMMENT,
  DEVICE,
  FILES,
  GROUP,
  LIMIT,
  MARK,
  NAME,
  NFLOG,
  NUMBERS,
  PLATFORM,
  SET_BITS,
  TUNNEL_NUMBERS,
  VERDICT,
} from "../../nva-cloud-init/contract/contract";

const WRITTEN = "Written by `npm run docs`; nva-cloud-init/contract/contract.ts is what to change.";

/** The part that the guest needs. */
const FACTS = {
  ...{ SETTINGS_FILE: FILES.settings, APPLICATION_HEALTH_PATH, PLATFORM },
  ...{ BUNDLE_VERSION, SET_BITS },
};
const GROUPS = {
  ...{ Chain: CHAIN, Comment: COMMENT, Device: DEVICE, Group: GROUP, Limit: LIMIT, Mark: MARK },
  ...{ Name: NAME, Nflog: NFLOG, Verdict: VERDICT },
};
const BOUNDS = { NUMBERS, TUNNEL_NUMBERS };

/** The copies, by path from the root. */
export function contractFiles(): Record<string, string> {
  return {
    "nva-cloud-init/guest/gwlb/contract.py": python(),
    "nva-cloud-init/guest/fastpath/contract.h": header(),
  };
}

function python(): string {
  const groups = Object.entries(GROUPS).flatMap(([name, group]) => [
    ...["", "", `class ${name}:`],
    ...Object.entries(group).map(
      ([field, value]) => `    ${upper(field)} = ${written(value, name === "Mark")}`,
    ),
  ]);
  const bounds = Object.entries(BOUNDS).flatMap(([name, numbers]) => [
    `${name} = {`,
    ...Object.entries<Bounds>(numbers).map(
      ([field, { least, most }]) => `    "${field}": (${least}, ${most}),`,
    ),
    "}",
  ]);
  const facts = Object.entries(FACTS).map(([name, value]) => `${name} = ${written(value)}`);
  return [`"""${WRITTEN}"""`, "", ...facts, ...bounds, ...groups, ""].join("\n");
}

function header(): string {
  const marks = Object.entries(MARK).map(
    ([name, bits]) => `#define MARK_${upper(name)} ${hex(bits)}`,
  );
  return [
    "/* SPDX-License-Identifier: Apache-2.0 */",
    `/* ${WRITTEN} */`,
    ...["#ifndef CONTRACT_H", "#define CONTRACT_H", "", ...marks, "", "#endif", ""],
  ].join("\n");
}

const written = (value: string | number, bits = false) =>
  typeof value === "string" ? JSON.stringify(value) : bits ? hex(value) : String(value);

const upper = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

const hex = (value: number) => `0x${value.toString(16).toUpperCase().padStart(8, "0")}`;
