import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatId, isUnder, nameOf, parentOf, parseId, typeOf } from "../../../lab/arm/ids";
import * as az from "./fixture";

const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,12}$/);

describe("ids", () => {
  test("any id reads back as it was written", () => {
    const pairs = fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(word, word, pairs, (group, namespace, path) => {
        const inner = path.flat().join("/");
        const text = `/subscriptions/s/resourceGroups/${group}/providers/${namespace}/${inner}`;
        const id = parseId(text);
        // A part named "providers" begins an id on another resource: not what is drawn here.
        fc.pre(
          ![group, namespace, ...path.flat()].some((part) => part.toLowerCase() === "providers"),
        );
        assert.ok(id !== undefined);
        assert.equal(formatId(id), text);
      }),
    );
  });

  for (const [text, type, name] of [
    [az.group, "Microsoft.Resources/resourceGroups", "rg"],
    [az.nvaSubnet, "Microsoft.Network/virtualNetworks/subnets", "nva"],
    [
      `${az.gateway}/providers/Microsoft.Authorization/roleAssignments/r`,
      "Microsoft.Authorization/roleAssignments",
      "r",
    ],
  ] as const) {
    test(`${type} is read off its id`, () => {
      const id = parseId(text);
      assert.ok(id !== undefined);
      assert.deepEqual([typeOf(id), nameOf(id), formatId(id)], [type, name, text]);
    });
  }

  for (const text of [
    "",
    "/",
    "gwlb",
    "/subscriptions",
    "/subscriptions/s/other/x",
    `${az.vnet}/subnets`,
    `${az.vnet}//x`,
  ]) {
    test(`'${text}' is no id of a resource`, () => assert.equal(parseId(text), undefined));
  }

  test("a parent is one level up, and only a whole name is above another", () => {
    const id = parseId(az.nvaSubnet);
    const parent = id === undefined ? undefined : parentOf(id);
    assert.equal(parent === undefined ? undefined : formatId(parent), az.vnet);
    assert.equal(isUnder(az.nvaSubnet, az.vnet.toUpperCase()), true);
    assert.equal(isUnder(`${az.vnet}-2`, az.vnet), false);
  });
});
