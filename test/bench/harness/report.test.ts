import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Results } from "../../../bench/harness/question";
import { reportFiles, resultsText, withPart } from "../../../bench/harness/report";
import { questions } from "../../../bench/questions";

test("documents and charts show the published results (npm run bench -- --publish)", () => {
  const files = reportFiles(questions);
  for (const [file, text] of files) assert.equal(readFileSync(file, "utf8"), text, file);
});

test("a part goes between its markers, and nowhere else", () => {
  const [begin, end] = ["<!-- bench q: made by npm run bench -->", "<!-- bench q end -->"];
  const document = `a\n${begin}\nold\n${end}\nb\n`;
  assert.equal(withPart(document, "q", "new"), `a\n${begin}\n\nnew\n\n${end}\nb\n`);
  assert.equal(withPart(document, "other", "new"), undefined);
});

test("results keep every sample, a line for a list, and read back", () => {
  const results = {
    ...{ question: "q", started: "2026-01-01T00:00:00Z", seconds: 1.26, titles: { a: "A, [b]" } },
    samples: { a: { list: [[1, 2], [3]], single: [4.04, 5] } },
  } as unknown as Results;
  const text = resultsText(results);
  assert.match(text, /\[1,2\]/);
  const seconds = 1.3;
  const samples = { a: { list: [[1, 2], [3]], single: [4, 5] } };
  assert.deepEqual(JSON.parse(text), { ...results, seconds, samples });
});
