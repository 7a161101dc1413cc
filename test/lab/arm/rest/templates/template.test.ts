import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Body } from "../../../../../lab/arm/resource";
import { evaluate } from "../../../../../lab/arm/rest/templates/expression";
import {
  type DeploymentInput,
  scopeOf,
  stepsOf,
} from "../../../../../lab/arm/rest/templates/template";

const SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g`;
const input = (template: Body, parameters: Body = {}): DeploymentInput => ({
  subscription: SUBSCRIPTION,
  ...{ resourceGroup: "g", name: "d", template, parameters },
});
const value = (text: string, template: Body = {}, parameters: Body = {}) =>
  evaluate(text, scopeOf(input(template, parameters)));
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return "taken";
};

describe("expressions of templates", () => {
  const template = {
    parameters: { size: { type: "int", defaultValue: 3 }, who: { type: "string" } },
    variables: {
      name: "[concat(parameters('who'), '-nic')]",
      list: ["a", "b"],
      loop: "[variables('loop')]",
    },
  };
  const parameters = { who: { value: "web" } };
  for (const [text, want] of [
    ["plain", "plain"],
    ["[[escaped]", "[escaped]"],
    ["[variables('name')]", "web-nic"],
    ["[variables('list')[1]]", "b"],
    ["[add(parameters('size'), 1)]", 4],
    ["[if(equals(parameters('who'), 'WEB'), 'yes', variables('none'))]", "yes"],
    ["[format('{0}/{1}', resourceGroup().name, 'it''s')]", "g/it's"],
    [
      "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]",
      `${GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s`,
    ],
    [
      "[resourceId('other', 'Microsoft.Network/virtualNetworks', 'v')]",
      `${GROUP.replace(/g$/, "other")}/providers/Microsoft.Network/virtualNetworks/v`,
    ],
  ] as const) {
    test(text, () => assert.equal(value(text, template, parameters), want));
  }
  for (const [text, want] of [
    ["[variables('loop')]", /depends on itself/],
    ["[variables('none')]", /not found/],
    ["[listKeys('x')]", /does not know the template function 'listKeys'/],
    ["[concat('a']", /is not valid/],
    ["[concat('a') 'b']", /is not valid/],
  ] as const) {
    test(`refuses ${text}`, () =>
      assert.match(
        refusal(() => value(text, template, parameters)),
        want,
      ));
  }
});

describe("resources of templates", () => {
  const address = (name: string, more: Body = {}): Body => ({
    ...{ type: "Microsoft.Network/publicIPAddresses", apiVersion: "2024-05-01", name, ...more },
  });
  const order = (resources: Body[], more: Body = {}) => {
    const own = input({ resources, ...more });
    return stepsOf(own, scopeOf(own)).map(({ name }) => name);
  };

  test("follow what they depend on, by id, by type and name, by name, and by reference", () => {
    const by = (how: string) => [address("late", { dependsOn: [how] }), address("early")];
    for (const how of [
      "early",
      "Microsoft.Network/publicIpAddresses/early",
      "[resourceId('Microsoft.Network/publicIPAddresses', 'early')]",
    ]) {
      assert.deepEqual(order(by(how)), ["early", "late"], how);
    }
    const referring = address("late", { properties: { x: "[reference('early').ipAddress]" } });
    assert.deepEqual(order([referring, address("early")]), ["early", "late"]);
  });

  test("are made as often as their loop says, if their condition holds", () => {
    const loop = { copy: { name: "all", count: 2 } };
    assert.deepEqual(
      order([
        address("last", { dependsOn: ["all"] }),
        address("[concat('ip', copyIndex(1))]", loop),
        address("never", { condition: "[equals(1, 2)]" }),
      ]),
      ["ip1", "ip2", "last"],
    );
  });

  test("stand below each other", () => {
    const own = input({
      resources: [
        {
          ...{ type: "Microsoft.Network/virtualNetworks", apiVersion: "2024-05-01", name: "v" },
          resources: [{ type: "subnets", apiVersion: "2024-05-01", name: "s" }],
        },
      ],
    });
    const ids = stepsOf(own, scopeOf(own)).map(({ id }) => id.slice(GROUP.length));
    const vnet = "/providers/Microsoft.Network/virtualNetworks/v";
    assert.deepEqual(ids, [vnet, `${vnet}/subnets/s`]);
  });

  for (const [name, resources, want] of [
    [
      "a circle",
      [address("a", { dependsOn: ["b"] }), address("b", { dependsOn: ["a"] })],
      /Circular/,
    ],
    ["an unknown dependency", [address("a", { dependsOn: ["b"] })], /'b' is not defined/],
    ["the same resource twice", [address("a"), address("A")], /defined multiple times/],
    [
      "a resource without a version",
      [{ type: "Microsoft.Network/virtualNetworks", name: "v" }],
      /apiVersion/,
    ],
    ["a loop without end", [address("a", { copy: { name: "l", count: 1e9 } })], /copy count/],
  ] as const) {
    test(`refuse ${name}`, () =>
      assert.match(
        refusal(() => order([...resources])),
        want,
      ));
  }

  for (const [name, parameters, want] of [
    ["a missing parameter", {}, /'who' is not provided/],
    ["an unknown one", { who: { value: "a" }, more: { value: 1 } }, /do not correspond .*'more'/],
    ["a value that is not allowed", { who: { value: "c" } }, /'c' is not part of the allowed/],
    ["a reference to a vault", { who: { reference: {} } }, /vaults are not read/],
  ] as const) {
    test(`refuse ${name}`, () => {
      const template = { parameters: { who: { type: "string", allowedValues: ["a", "b"] } } };
      assert.match(
        refusal(() => scopeOf(input(template, parameters))),
        want,
      );
    });
  }
});
