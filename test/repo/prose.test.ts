/** Prose of documents and comments, without what trips readers whose first language is another. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { read, sourceFiles } from "../support/sources";

interface Pattern {
  name: string;
  found: RegExp;
  instead: string;
  /** A sentence that the pattern must find, so that it cannot fail silently. */
  bad: string;
  /** A sentence that it must leave alone. */
  good: string;
}

const patterns: Pattern[] = [
  {
    name: "a sentence with a clause as its subject",
    // A heading or a table's head may ask; a sentence names who acts.
    found: /(?<=^|[.;:] |^- |^\d\. )(?:What|Who) (?!is |does |says )[a-z]+ [a-z]+[^?]*$/,
    instead: "name the subject: “Failures never affect traffic.”",
    bad: "It drains. What goes wrong changes nothing about the packets.",
    good: "Failures never affect traffic. What happens then?",
  },
  {
    name: "“not to be had”",
    found: /\bnot to be had\b/,
    instead: "“is not available”",
    bad: "`clock` is not to be had.",
    good: "`clock` is not available.",
  },
  {
    name: "“harsher way” or “harsher reading”",
    found: /\bharsher (?:way|reading)\b/,
    instead: "“we assume the stricter behaviour”",
    bad: "Read as the harsher way.",
    good: "The lab assumes the stricter behaviour.",
  },
  {
    name: "“text” for a string",
    found: /\bmust be a text\b/,
    instead: "“must be a string”",
    bad: "The name must be a text.",
    good: "The name must be a string.",
  },
];

/** In a comment nothing asks: no sentence begins so. */
const commentPatterns: Pattern[] = [
  {
    name: "a sentence that begins with a clause",
    found: /(?<=^|[.;:] )(?:What|Who|Whom|Whose|Whatever|Whoever|All that) [^?]*$/,
    instead: "begin with a noun: “Rows of the flow table.”",
    bad: "What the store keeps.",
    good: "Rows of the store. Who asks?",
  },
];

/** Lines of prose: neither code blocks nor generated reference. */
function proseOf(file: string): string[] {
  let code = false;
  return read(file)
    .split("\n")
    .map((line) => {
      if (line.startsWith("```")) code = !code;
      return code || line.startsWith("#") || line.startsWith("|") ? "" : line;
    });
}

/** Lines of comments, the others empty. */
const commentsOf = (file: string): string[] =>
  read(file)
    .split("\n")
    .map((line) => /^\s*(?:\/\*\*|\*|\/\/|#|""") ?(.*?)(?: \*\/|""")?$/.exec(line)?.[1] ?? "");

const commented = [".ts", ".py"]
  .flatMap(sourceFiles)
  .filter((file) =>
    /^(components|program|policy-pack|lab|tools|bench|test\/support|index\.ts)/.test(file),
  );
const documents = sourceFiles(".md").filter(
  (file) => !/golden|^docs\/reference\/|^CHANGELOG/.test(file),
);

/** The places where a pattern is found. */
const wrong = ({ found }: Pattern, file: string, lines: readonly string[]): string[] =>
  lines.flatMap((line, index) =>
    found.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
  );

describe("prose names who does what", () => {
  for (const pattern of [...patterns, ...commentPatterns]) {
    const { name, found, instead, bad, good } = pattern;
    const inComments = commentPatterns.includes(pattern);
    test(`no ${inComments ? "" : "document and no "}comment has ${name}: ${instead}`, () => {
      assert.match(bad, found);
      assert.doesNotMatch(good, found);
      const inDocuments = inComments
        ? []
        : documents.flatMap((file) => wrong(pattern, file, proseOf(file)));
      const all = commented.flatMap((file) => wrong(pattern, file, commentsOf(file)));
      assert.deepEqual([...inDocuments, ...all], []);
    });
  }
});
