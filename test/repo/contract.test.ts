/** Each fact of the contract between the library and an NVA's programs stands once. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as contract from "../../nva-cloud-init/contract/contract";
import { contractFiles } from "../../tools/reference/contract";
import { read, sourceFiles } from "../support/sources";

type Value = string | number;

/** Numbers and words that mean other things, too: a second place proves nothing. */
const COMMON: readonly Value[] = [
  ...[0, 1, 10, 24, 28, 60, 64, 65, 128, 300, 800, 1000, 1024, 3600, 4000, 10_000, 16_384],
  ...[65_535, 65_536],
  ...["flow", "allow", "drop", "trial", ":", "[a-z]", "[a-z0-9-]", "/etc/systemd/system"],
];

interface Exception {
  file: RegExp;
  values: readonly Value[];
  reason: string;
}

const { DEFAULTS, FILES, MARK, PLATFORM } = contract;
const { internal, external, probePath, probePort } = DEFAULTS;
/** Each needs a reason why the value is another fact, or cannot be the contract's. */
const exceptions: Exception[] = [
  {
    file: /^lab\/arm\/(?:types\/gatewayLoadBalancer|platform)\.ts$/,
    values: [internal.port, PLATFORM],
    reason: "the embedded Azure has Azure's facts by itself, and does not know the library",
  },
  {
    file: /^test\/support\/azureStack\.ts$/,
    values: [internal.port, external.port, external.vni],
    reason: "what Azure is sent, for tests of the embedded Azure",
  },
  {
    file: /^(?:bench\/policies|test\/support\/(?:azureFixtures|server))\.(?:ts|py)$/,
    values: [probePort],
    reason: "a port of a workload",
  },
  {
    file: /^program\/demo\/(?:demo\.ts|guest\/demo-web\.py)$/,
    values: [probePath],
    reason: "a path of a workload",
  },
  {
    file: /^lab\/network\/topology\/flows\.ts$/,
    values: [MARK.turned, MARK.running, MARK.selfTest],
    reason: "marks of the embedded Azure's own namespaces",
  },
  {
    file: /(?:connect|namespaces|changeLoad|kernelJudge)\.py$/,
    values: [MARK.taken],
    reason: "CLONE_NEWNET, the kernel's",
  },
  {
    file: /(?:frames|selftest|forge|outside)\.py$|\/outer\.h$/,
    values: [MARK.answer],
    reason: "the flag in a VXLAN header that says that there is a VNI",
  },
];

/** All values of the contract. */
function valuesOf(node: unknown): Value[] {
  if (typeof node === "string" || typeof node === "number") return [node];
  return typeof node === "object" && node !== null ? Object.values(node).flatMap(valuesOf) : [];
}

/** A source without its comments, docstrings included; lines stay where they are. */
function codeOf(file: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, " ");
  const text = read(file);
  if (file.endsWith(".py")) {
    return text.replace(/"""[\s\S]*?"""/g, blank).replace(/(?<=^|\s)#.*$/gm, blank);
  }
  return text.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(?<=^|\s)\/\/.*$/gm, blank);
}

/** Where a value stands in code, as line numbers. */
function linesWith(code: string, value: Value): number[] {
  const found =
    typeof value === "number"
      ? [...code.matchAll(/(?<![\w.])(?:0x[\da-f_]+|\d[\d_]*)(?![\w.])/gi)].filter(
          ([token]) => Number(token.replaceAll("_", "")) === value,
        )
      : [...code.matchAll(new RegExp(`${before(value)}${escaped(value)}(?![\\w-])`, "g"))];
  return found.map(({ index }) => code.slice(0, index).split("\n").length);
}

/** A prefix like `log:` is one in a string alone, else a key of an object. */
const before = (value: string) => (/^\w+:$/.test(value) ? "(?<=[\"'`])" : "(?<![\\w/.-])");

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The contract and the copies that are written from it. */
const definitions = ["nva-cloud-init/contract/contract.ts", ...Object.keys(contractFiles())];

const files = [".ts", ".py", ".c", ".h", ".sh"]
  .flatMap(sourceFiles)
  // A test states what it expects by itself.
  .filter((file) => !file.startsWith("test/") || file.startsWith("test/support/"))
  .filter((file) => !definitions.includes(file));
const values = [...new Set(valuesOf(contract))].filter((value) => !COMMON.includes(value));

describe("facts that the library and an NVA share", () => {
  const places = files.flatMap((file) => {
    const code = codeOf(file);
    return values.flatMap((value) => linesWith(code, value).map((line) => ({ file, line, value })));
  });
  const covers = ({ file, values }: Exception, place: { file: string; value: Value }) =>
    file.test(place.file) && values.includes(place.value);

  test("a second place is found, as text and in any notation of a number", () => {
    assert.deepEqual(linesWith('a("br0") + 1\nb(`x br0 y`, "br01")', "br0"), [1, 2]);
    assert.deepEqual(linesWith("10_800, 0x2a30, 108000, 1.10800\n10800", 10_800), [1, 1, 2]);
    assert.deepEqual(linesWith("cp /opt/azure-gwlb/x /srv/opt/azure-gwlb", FILES.programs), [1]);
  });

  test("stand in the contract alone", () => {
    const second = places.filter((place) => !exceptions.some((one) => covers(one, place)));
    assert.deepEqual(
      second.map(({ file, line, value }) => `${file}:${line}: ${value}`),
      [],
    );
  });

  test("exceptions are needed", () => {
    const needless = exceptions.flatMap((one) =>
      one.values.filter(
        (value) => !places.some((place) => place.value === value && covers(one, place)),
      ),
    );
    assert.deepEqual(needless, []);
    const all = valuesOf(contract);
    assert.deepEqual(
      COMMON.filter((value) => !all.includes(value)),
      [],
    );
  });
});
