import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { CUSTOM_DATA_LIMIT, cloudConfig, renderCustomData } from "../../nva-cloud-init/cloudConfig";
import type { NvaSettings } from "../../nva-cloud-init/contract/contract";
import { guestPython } from "../support/guestPython";
import { root, sourceFiles } from "../support/sources";

interface WrittenFile {
  path: string;
  encoding?: string;
  permissions?: string;
  content: string;
}
interface CloudConfig {
  write_files: WrittenFile[];
  runcmd: string[][];
}

const guest = path.join(root, "nva-cloud-init/guest");
const settings: NvaSettings = {
  gatewayAddress: "192.0.2.4",
  internal: { port: 10800, vni: 800 },
  external: { port: 10801, vni: 801 },
  mtu: 3900,
  probePort: 8080,
  probePath: "/health",
  policyPollSeconds: 10,
  drainSeconds: 60,
};
const read = (some: Partial<NvaSettings> = {}) =>
  parse(unpacked({ ...settings, ...some })) as CloudConfig;
const unpacked = (some: NvaSettings) => gunzipSync(renderCustomData(some)).toString();
const fileOf = (config: CloudConfig, name: string) => {
  const found = config.write_files.find((file) => file.path === name);
  assert.ok(found, name);
  return found;
};

/** Names of programs that are not the same to Python, docstrings aside, as those in guest/. */
async function differingPrograms(brought: Record<string, string>): Promise<unknown> {
  const folder = mkdtempSync(path.join(tmpdir(), "gwlb-brought-"));
  try {
    for (const [name, text] of Object.entries(brought)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    const lines = [
      "import ast, json, pathlib, re",
      "def bare(path):",
      "    tree = ast.parse(path.read_text())",
      "    for node in ast.walk(tree):",
      // nft's own comments, in scripts for it.
      "        if isinstance(node, ast.Constant) and isinstance(node.value, str):",
      "            node.value = re.sub(r'(?m)^ *#(?!!).*\\n', '', node.value)",
      "        body = getattr(node, 'body', None)",
      "        if not isinstance(body, list) or not body: continue",
      "        first = body[0]",
      "        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):",
      "            body.pop(0)",
      "    return ast.dump(tree)",
      `here, there = pathlib.Path(${JSON.stringify(guest)}), pathlib.Path(${JSON.stringify(folder)})`,
      "names = [str(path.relative_to(there)) for path in there.rglob('*') if path.is_file()]",
      "print(json.dumps([name for name in names if bare(here / name) != bare(there / name)]))",
    ];
    return await guestPython(lines.join("\n"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("renderCustomData", () => {
  test("starts as cloud-init wants it, and fits with room for what is to come", () => {
    assert.ok(unpacked(settings).startsWith("#cloud-config\n"));
    const bytes = renderCustomData(settings).length;
    assert.ok(bytes < CUSTOM_DATA_LIMIT * 0.85, `${bytes}`);
  });

  test("has the outline that is on record", () => {
    const outline = cloudConfig(settings).replace(/(?<=content: ).+/g, "…");
    const golden = path.join(__dirname, "golden/customData.yaml");
    assert.equal(outline, readFileSync(golden, "utf8"));
  });

  test("brings the settings as data", () => {
    const hostile = { probePath: '/"; reboot #\n$(reboot)' };
    const file = fileOf(read(hostile), "/etc/azure-gwlb/settings.json");
    assert.deepEqual(JSON.parse(file.content), { ...settings, ...hostile });
    const other = cloudConfig({ ...settings, ...hostile })
      .split("\n")
      .filter((line) => !line.startsWith("  content: "));
    assert.ok(!other.some((line) => line.includes("reboot")));
  });

  test("brings each guest file as it is here, but for comments and docstrings", async () => {
    const config = read();
    const brought: Record<string, string> = {};
    for (const name of sourceFiles("")
      .filter((file) => file.startsWith("nva-cloud-init/guest/"))
      .map((file) => path.posix.relative("nva-cloud-init/guest", file))
      .filter((file) => !file.startsWith("fastpath/"))) {
      const isUnit = name.endsWith(".service");
      const file = fileOf(
        config,
        isUnit ? `/etc/systemd/system/${path.basename(name)}` : `/opt/azure-gwlb/${name}`,
      );
      const text = readFileSync(path.join(guest, name), "utf8");
      // It would be empty on the NVA.
      assert.ok(!text.includes("__doc__"), name);
      const program = /^#!/.test(file.content);
      assert.equal(program, /^#!/.test(text), name);
      assert.equal(file.permissions, program ? "0755" : undefined, name);
      assert.doesNotMatch(file.content, /^ *#(?!!)/m);
      if (isUnit) assert.equal(file.content, text.replaceAll(/^#.*\n/gm, ""));
      else brought[name] = file.content;
    }
    assert.deepEqual(await differingPrograms(brought), []);
  });

  test("brings the fast path's object exactly as it is here, as the only file that is no text", () => {
    const coded = read().write_files.filter(({ encoding }) => encoding !== undefined);
    assert.deepEqual(
      coded.map(({ path: file, encoding }) => [file, encoding]),
      [["/opt/azure-gwlb/fastpath/fastpath.o", "gz+b64"]],
    );
    const brought = gunzipSync(Buffer.from(coded[0]?.content ?? "", "base64"));
    assert.ok(brought.equals(readFileSync(path.join(guest, "fastpath/fastpath.o"))));
  });

  test("enables and starts every unit, and nothing else", () => {
    const { runcmd, write_files } = read();
    const units = write_files
      .map((file) => path.posix.basename(file.path))
      .filter((name) => name.endsWith(".service"));
    assert.deepEqual(runcmd, [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", ...units],
    ]);
  });

  test("is the same for the same settings, in whatever order and with whatever else", () => {
    const { mtu, ...rest } = settings;
    const turned = { secret: "x", mtu, ...rest, internal: { vni: 800, port: 10800 } };
    assert.deepEqual(renderCustomData(turned), renderCustomData(settings));
  });
});

describe("units", () => {
  const units = path.join(guest, "units");
  const names = readdirSync(units);
  for (const name of names) {
    const text = readFileSync(path.join(units, name), "utf8");

    test(`${name} starts a program that is there`, () => {
      const starts = [...text.matchAll(/^Exec\w+=[-@:+!]*(\S+)/gm)].map((found) => found[1] ?? "");
      assert.notEqual(starts.length, 0);
      for (const program of starts) {
        assert.ok(readdirSync(guest).includes(path.posix.basename(program)), program);
        assert.equal(path.posix.dirname(program), "/opt/azure-gwlb");
      }
    });

    test(`${name} is started at every boot, and never given up on`, () => {
      assert.match(text, /^WantedBy=multi-user\.target$/m);
      assert.match(text, /^Restart=(always|on-failure)$/m);
      assert.match(text, /^StartLimitIntervalSec=0$/m);
    });

    test(`${name} waits for nothing that waits for cloud-init's last stage`, () => {
      // cloud-init starts the units from that stage: they would wait for each other.
      assert.doesNotMatch(text, /^(After|Requires|Requisite|BindsTo)=.*(cloud-|multi-user)/m);
    });
  }

  test("the drain is stopped before all that it needs", () => {
    const unit = readFileSync(path.join(units, "gwlb-drain.service"), "utf8");
    const after = [...unit.matchAll(/^After=(.*)$/gm)].flatMap(([, list = ""]) => list.split(" "));
    for (const name of names.filter((other) => other !== "gwlb-drain.service")) {
      assert.ok(after.includes(name), name);
    }
    assert.ok(after.includes("network.target"));
  });

  test("the base rules come before the network, the data path after and with them", () => {
    const of = (name: string) => readFileSync(path.join(units, name), "utf8");
    assert.match(of("gwlb-firewall.service"), /^Before=.*network-pre\.target/m);
    assert.match(of("gwlb-datapath.service"), /^PartOf=gwlb-firewall\.service$/m);
    assert.match(of("gwlb-datapath.service"), /^After=gwlb-firewall\.service/m);
  });
});
