import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { block, cell, code, plain } from "../../../tools/preview/escape";

describe("text of others", () => {
  for (const { text, want } of [
    { text: "web", want: "`web`" },
    { text: "a`b", want: "``a`b``" },
    { text: "`", want: "`` ` ``" },
    { text: "two\nlines", want: "`two lines`" },
    { text: " ", want: "(empty)" },
  ]) {
    test(`${JSON.stringify(text)} is the code ${want}`, () => assert.equal(code(text), want));
  }

  test("mentions nobody, links nowhere, and is no HTML", () => {
    const text = plain("@team [x](https://example.com) <img src=x>");
    assert.doesNotMatch(text, /@\w/);
    assert.doesNotMatch(text, /(?<!\\)[[\]<>]/);
  });

  test("stays in its cell", () => {
    assert.equal(cell(code("a|b")), "`a\\|b`");
    assert.equal(cell(plain("a|b")), "a\\|b");
  });

  test("cannot close its block or its code", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const [open = "", ...rest] = block(text).split("\n");
        const fence = open.replace("text", "");
        const inside = rest.slice(0, -1).join("\n");
        assert.ok(!inside.includes(fence));
        assert.equal(rest.at(-1), fence);
        const [, ticks = ""] = /^(`+)/.exec(code(text)) ?? [];
        if (ticks !== "") assert.ok(!code(text).slice(ticks.length, -ticks.length).includes(ticks));
      }),
    );
  });
});
