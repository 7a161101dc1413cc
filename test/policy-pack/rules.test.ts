import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Finding, type Rule, Scope } from "../../policy-pack/rule";
import { rules } from "../../policy-pack/rules";
import { asResources, changed, type References, type Refused, refusedChanges } from "./stacks";

const good: Refused = { change: {}, path: /./ };

/** What a rule says about a stack, given to it as the engine would. */
function findings(rule: Rule, { change, settings }: Refused, references: References): Finding[] {
  const resources = asResources(changed(change), references);
  const calls =
    rule.scope === Scope.Stack
      ? [resources]
      : resources.filter(({ type }) => rule.types.includes(type)).map((resource) => [resource]);
  return calls.flatMap((call) => rule.check(call, { ...rule.defaults, ...settings }));
}

const objecting = (stack: Refused, references: References) =>
  rules.filter((rule) => findings(rule, stack, references).length > 0).map(({ name }) => name);

describe("the rules", () => {
  for (const references of ["known", "unknown"] as const) {
    test(`accept the good stack, ids ${references}`, () => {
      assert.deepEqual(objecting(good, references), []);
    });

    for (const [name, stack] of Object.entries(refusedChanges)) {
      test(`${name} alone objects to its stack, ids ${references}`, () => {
        assert.deepEqual(objecting(stack, references), [name]);
        const found = rules
          .filter((rule) => rule.name === name)
          .flatMap((rule) => findings(rule, stack, references));
        assert.equal(found.length, 1);
        assert.match(found[0]?.message ?? "", stack.path);
      });
    }
  }

  test("have names of their own, and a default for each setting", () => {
    assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
    for (const { defaults, schema } of rules) {
      assert.deepEqual(Object.keys(defaults), Object.keys(schema));
    }
  });

  test("each have a stack that they refuse", () => {
    const names = rules.map(({ name }) => name);
    assert.deepEqual(names.sort(), Object.keys(refusedChanges).sort());
  });
});
