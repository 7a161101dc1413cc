/** What the sources must not say, as the one who wrote it is told. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { inferSchema } from "../../../tools/reference/infer";
import { surfaceProblems } from "../../../tools/reference/problems";
import { surfaceOf } from "../../../tools/reference/surface";
import { root } from "../../support/sources";

interface Sources {
  /** Fields of the arguments' interface. */
  args?: string;
  /** Members of the class. */
  fields?: string;
  /** Whatever else the file declares. */
  types?: string;
  /** Another file beside it. */
  other?: string;
}

const made: string[] = [];

/** A library of one component. */
function library({ args = "", fields = "", types = "", other = "" }: Sources): string {
  const dir = mkdtempSync(path.join(tmpdir(), "gwlb-library-"));
  made.push(dir);
  symlinkSync(path.join(root, "node_modules"), path.join(dir, "node_modules"));
  mkdirSync(path.join(dir, "components"));
  const manifest = { name: "thing", version: "1.2.3", description: "A thing." };
  writeFileSync(path.join(dir, "package.json"), JSON.stringify(manifest));
  writeFileSync(path.join(dir, "components/other.ts"), `${other}\nexport {};`);
  const source = [
    'import * as pulumi from "@pulumi/pulumi";',
    types,
    `export interface ThingArgs {\n${args}\n}`,
    "/** A thing. */",
    "export class Thing extends pulumi.ComponentResource {",
    fields,
    "  constructor(name: string, args: ThingArgs, opts?: pulumi.ComponentResourceOptions) {",
    '    super("thing:index:Thing", name, args, opts);',
    "  }",
    "}",
  ];
  writeFileSync(path.join(dir, "components/index.ts"), source.join("\n"));
  return dir;
}

/** Everything that is told about a library that can be read. */
function toldAbout(sources: Sources): string[] {
  const { schema, problems } = inferSchema(library(sources), ["Thing"]);
  return [...problems, ...surfaceProblems(surfaceOf(schema))];
}

describe("a schema is refused, by the property's path,", () => {
  after(() => {
    for (const dir of made) rmSync(dir, { recursive: true, force: true });
  });

  const inexpressible: [name: string, sources: Sources, refusal: RegExp][] = [
    ["for a union of literals", { args: 'sku: "a" | "b";' }, /^ThingArgs\.sku: .*"a" \| "b"/],
    ["for a function", { args: "check: () => void;" }, /^ThingArgs\.check: /],
    [
      "for what is wrong inside a list of a type of its own",
      { types: "interface Inner { value: unknown }", args: "list: Inner[];" },
      /^Inner\.value: .*unknown/,
    ],
    ["for an output that is a union", { fields: "  readonly a!: string | number;" }, /^Thing\.a: /],
  ];
  for (const [name, sources, refusal] of inexpressible) {
    test(name, () => {
      assert.throws(
        () => inferSchema(library(sources), ["Thing"]),
        (error: Error) => refusal.test(error.message) && error.message.includes("as const"),
      );
    });
  }

  describe("all at once", () => {
    const told = toldAbout({
      types: `export const Size = { Big: "big", Small: "small" } as const;
        export type Size = (typeof Size)[keyof typeof Size];
        /** One. */
        interface Inner {
          /** A. */
          a: string;
        }`,
      other: `/** Another. */
        export interface Inner {
          /** B. */
          b: string;
        }`,
      args: `
        /** It. */
        it: any;
        silent: string;
        /** Its length in metres. */
        length: number;
        /** Its colour. */
        colour?: string;
        /** Default: big. */
        size?: Size;
        /** Inner things. */
        inner: Inner;`,
      fields: `
        /** Kept. */
        private secret!: string;
        readonly id2!: string;`,
    });
    const refusals: [name: string, told: RegExp][] = [
      ["Any", /^Thing\.inputs\.it: has no type/],
      ["a private field", /^Thing\.outputs\.secret: is private/],
      ["an input without comment", /^Thing\.inputs\.silent: is not documented/],
      ["an output without comment", /^Thing\.outputs\.id2: is not documented/],
      ["silence about a default", /^Thing\.inputs\.colour: can be left out/],
      ["nothing but a default", /^Thing\.inputs\.size: says only its default/],
      ["a number without limits", /^Thing\.inputs\.length: is a number/],
      ["a choice without comment", /^Size: is not documented/],
      ["a value without comment", /^Size\.Big: is not documented/],
      ["another value without comment", /^Size\.Small: is not documented/],
      ["two types of one name", /^Inner: is declared twice/],
    ];
    for (const [name, refusal] of refusals) {
      test(`for ${name}`, () => {
        assert.equal(told.filter((line) => refusal.test(line)).length, 1, told.join("\n"));
      });
    }
    test("and for nothing that is right", () => assert.equal(told.length, refusals.length));
  });
});
