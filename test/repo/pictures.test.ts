import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pictures } from "../../docs/pictures/render";

test("every picture is drawn from its text (npm run pictures)", async () => {
  for (const { file, svg } of await pictures()) assert.equal(readFileSync(file, "utf8"), svg, file);
});
