import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SHOWN_LENGTH, valueAt, words } from "../../../tools/preview/values";

const secret = {
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: "x",
};
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const id = `/subscriptions/${"0".repeat(36)}/resourceGroups/rg/providers/Microsoft.Network/loadBalancers/g/frontendIPConfigurations/f`;

describe("valueAt", () => {
  const holder = { a: [{ "b.c": { d: 1 } }], s: secret };
  for (const { path, want } of [
    { path: 'a[0]["b.c"].d', want: 1 },
    { path: "a[1].b", want: undefined },
    { path: "x.y", want: undefined },
    { path: "s.plaintext", want: secret },
  ]) {
    test(path, () => assert.deepEqual(valueAt(holder, path), want));
  }
});

describe("words", () => {
  for (const { name, value, want } of [
    { name: "text as code", value: "10.7.0.4", want: "`10.7.0.4`" },
    { name: "a number", value: 0, want: "`0`" },
    { name: "nothing", value: undefined, want: "(none)" },
    { name: "what is to come", value: unknown, want: "(known after deployment)" },
    { name: "the end of an id", value: id, want: "`…/loadBalancers/g/frontendIPConfigurations/f`" },
    { name: "a reference as its id", value: { id: "g" }, want: "`g`" },
    {
      name: "a text just short enough",
      value: "x".repeat(SHOWN_LENGTH),
      want: `\`${"x".repeat(SHOWN_LENGTH)}\``,
    },
    { name: "a longer one by its length", value: "x".repeat(61), want: "(61 characters)" },
  ]) {
    test(name, () => assert.equal(words(value), want));
  }
  test("no secret, however it is marked", () => {
    assert.equal(words(secret), "(secret)");
    assert.equal(words("[secret]"), "(secret)");
    assert.equal(words({ a: secret }), '`{"a":"(secret)"}`');
  });
});
