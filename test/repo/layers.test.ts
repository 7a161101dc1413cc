import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { importsOf, read, root, sourceFiles } from "../support/sources";

interface Ban {
  /** Files that the ban is about. */
  from: (file: string) => boolean;
  /** What they must not import, as a path from the root or a package. */
  to: RegExp;
  /** A file or package that must exist, so that the ban does not outlive its target. */
  target: string;
  reason: string;
}

const within = (...folders: string[]) => {
  return (file: string) => folders.some((folder) => file.startsWith(`${folder}/`));
};
const outside = ["lab", "test", "bench", "policy-pack", "tools", "examples", "docs", "program"];

/** Folders of pure functions. */
const PLANS = ["provider/plan", "consumers/plan", "chains/plan", "policy"].map(
  (folder) => `components/${folder}`,
);

const bans: Ban[] = [
  {
    from: within("components", "nva-cloud-init"),
    to: new RegExp(`^(${outside.join("|")})/`),
    target: "lab/run.ts",
    reason: "the library is published without what looks at it from outside",
  },
  {
    from: within("components/check"),
    to: /^components\/(?!check\/)/,
    target: "components/check/problem.ts",
    reason: "every folder of components checks with it",
  },
  {
    from: within("nva-cloud-init"),
    to: /^(components\/|@pulumi\/)/,
    target: "components/index.ts",
    reason: "customData is a pure function of plain settings",
  },
  {
    // One verb carries the guest's files to a machine, as customData does, and judges nothing.
    from: (file) => within("lab")(file) && file !== "lab/cli/guest.ts",
    to: /^(components\/(?!azure\/addresses$)|nva-cloud-init\/(?!contract\/)|index$|program\/)/,
    target: "components/azure/addresses.ts",
    reason:
      "the embedded Azure knows the library only through the engine, else it would agree by construction",
  },
  {
    // Those two look into an NVA.
    from: (file) => within("lab")(file) && !within("lab/cli", "lab/proof")(file),
    to: /^nva-cloud-init\/contract\//,
    target: "nva-cloud-init/contract/contract.ts",
    reason: "the embedded Azure does not know what is on an NVA",
  },
  {
    from: within("nva-cloud-init/contract"),
    to: /./,
    target: "nva-cloud-init/contract/contract.ts",
    reason: "facts depend on nothing",
  },
  {
    from: (file) => file !== "lab/run.ts" && within("lab", "components", "nva-cloud-init")(file),
    to: /^node:child_process$/,
    target: "lab/run.ts",
    reason: "one function runs commands: argument lists, time limits, full errors",
  },
  {
    from: within(...PLANS),
    to: /^@pulumi\/(?!pulumi$)/,
    target: "components/provider/plan",
    reason: "plans are pure: they take and give plain values",
  },
];

const MAX_LINES = 320;

/** The circles of a graph, each found once, as the way around. */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const circles: string[] = [];
  const visit = (node: string): void => {
    const start = way.indexOf(node);
    if (start >= 0) circles.push([...way.slice(start), node].join(" → "));
    if (start >= 0 || done.has(node)) return;
    way.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    way.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return circles;
}

describe("imports go one way", () => {
  for (const { from, to, target, reason } of bans) {
    test(`${to.source}: ${reason}`, () => {
      assert.ok(existsSync(path.join(root, target)), `${target} is gone: drop or change this ban`);
      const found = sourceFiles(".ts")
        .filter(from)
        .flatMap((file) => importsOf(file).map((name) => ({ file, name })))
        .filter(({ name }) => to.test(name));
      assert.deepEqual(found, []);
    });
  }

  test("pure plans import the SDK for its types only", () => {
    const offenders = sourceFiles(".ts")
      .filter(within(...PLANS))
      .filter((file) => /^import (?!type\b)[^;]*"@pulumi\//m.test(read(file)));
    assert.deepEqual(offenders, []);
  });
});

describe("imports go in no circle", () => {
  test("a circle is found, with its way", () => {
    const graph = { a: ["b", "x"], b: ["c"], c: ["d", "b"], d: [] };
    assert.deepEqual(circlesIn(new Map(Object.entries(graph))), ["b → c → b"]);
  });

  test("no two files need each other, types included", () => {
    const files = sourceFiles(".ts");
    const known = new Set(files);
    const fileOf = (name: string) =>
      [`${name}.ts`, `${name}/index.ts`, name].find((file) => known.has(file));
    const graph = new Map(
      files.map((file) => [file, importsOf(file).flatMap((name) => fileOf(name) ?? [])]),
    );
    const edges = [...graph.values()].flat().length;
    assert.ok(edges > files.length, `${edges} imports of ${files.length} files were read`);
    assert.deepEqual(circlesIn(graph), []);
  });
});

describe("sources stay readable", () => {
  test(`no source file is longer than ${MAX_LINES} lines`, () => {
    const long = ["ts", "py", "c", "h"]
      .flatMap((ending) => sourceFiles(`.${ending}`))
      .filter((file) => !file.startsWith("test/"))
      .map((file) => ({ file, lines: read(file).trimEnd().split("\n").length }))
      .filter(({ lines }) => lines > MAX_LINES);
    assert.deepEqual(long, []);
  });

  test("barrels re-export by name", () => {
    const stars = sourceFiles(".ts").filter((file) => /^export \*/m.test(read(file)));
    assert.deepEqual(stars, []);
  });
});
