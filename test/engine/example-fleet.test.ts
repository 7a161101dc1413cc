/** The example of all options with its scale set, which the data-path tests leave out. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Examples, said } from "../support/examples";

describe("all options, with a fleet", () => {
  let examples: Examples;
  before(async () => {
    examples = await Examples.create();
    await examples.set("all-options", "fleet", true);
  });
  after(() => examples?.remove());

  test("comes up, plans no change, and goes", async () => {
    await examples.up("all-options");
    await examples.must("all-options", "preview", "--expect-no-changes");
    const gone = await examples.destroy("all-options");
    assert.equal(gone.code, 0, said(gone));
    assert.deepEqual(
      (await examples.arm.list()).map(({ id }) => id),
      [],
    );
  });
});
