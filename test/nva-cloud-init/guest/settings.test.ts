import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { NvaSettings } from "../../../nva-cloud-init/contract/contract";
import { guestProgram, guestPython } from "../../support/guestPython";

const good: NvaSettings = {
  drainSeconds: 60,
  external: { port: 10801, vni: 801 },
  gatewayAddress: "10.7.0.4",
  internal: { port: 10800, vni: 800 },
  mtu: 3900,
  policyPollSeconds: 10,
  probePath: "/health",
  probePort: 8080,
};

let root: string;
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "gwlb-settings-"));
  await mkdir(path.join(root, "etc/azure-gwlb"), { recursive: true });
});
after(() => rm(root, { recursive: true, force: true }));

const write = (content: unknown) => {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return writeFile(path.join(root, "etc/azure-gwlb/settings.json"), text);
};
const load = `
import dataclasses, json
from gwlb import settings
from gwlb.errors import SettingsError
try:
    print(json.dumps(dataclasses.asdict(settings.load())))
except SettingsError as error:
    print(json.dumps(str(error)))
`;

describe("settings on the NVA", () => {
  test("are those that customData brings", async () => {
    await write(good);
    assert.deepEqual(await guestPython(load, root), {
      gateway: "10.7.0.4",
      tunnels: [
        { device: "vxlan-in", port: 10800, vni: 800 },
        { device: "vxlan-ex", port: 10801, vni: 801 },
      ],
      mtu: 3900,
      probe_port: 8080,
      probe_path: "/health",
      poll_seconds: 10,
      drain_seconds: 60,
    });
  });

  for (const [what, content, wanted] of [
    ["nothing", "", /settings\.json/],
    ["a torn file", '{"mtu": 39', /settings\.json/],
    ["no gateway", { ...good, gatewayAddress: undefined }, /gatewayAddress/],
    ["a name for an address", { ...good, gatewayAddress: "gateway; reboot" }, /gateway; reboot/],
    ["an MTU that loses full-size packets", { ...good, mtu: 1549 }, /mtu .*1550.*1549/],
    ["an MTU past Azure's", { ...good, mtu: 4001 }, /mtu .*4001/],
    ["a port as text", { ...good, probePort: "8080" }, /probePort .*'8080'/],
    ["true for a number", { ...good, probePort: true }, /probePort .*True/],
    ["a drain without end", { ...good, drainSeconds: 301 }, /drainSeconds .*301/],
    ["no interval", { ...good, policyPollSeconds: 0 }, /policyPollSeconds .*0/],
    ["a VNI of 25 bits", { ...good, internal: { port: 1, vni: 1 << 24 } }, /vxlan-in vni/],
  ] as const) {
    test(`${what}: refused, and the field named`, async () => {
      await write(content);
      assert.match(String(await guestPython(load, root)), wanted);
    });
  }

  for (const name of Object.keys(good)) {
    test(`${name} is read: without it all are refused`, async () => {
      await write({ ...good, [name]: undefined });
      assert.match(String(await guestPython(load, root)), new RegExp(name));
    });
  }

  for (const [program, ...args] of [
    ["gwlb-firewall"],
    ["gwlb-datapath", "start"],
    ["gwlb-health"],
    ["gwlb-guard"],
    ["gwlb-drain"],
    ["gwlb-policy", "restore"],
  ]) {
    test(`${program} ends with a reason where there are none`, async () => {
      await rm(path.join(root, "etc/azure-gwlb/settings.json"), { force: true });
      const { code, stderr } = await guestProgram(program ?? "", args, root);
      assert.equal(code, 1);
      assert.match(stderr, /settings\.json/);
      assert.doesNotMatch(stderr, /Traceback/);
    });
  }

  test("gwlb-datapath without a verb says how it is used", async () => {
    const { code, stderr } = await guestProgram("gwlb-datapath", [], root);
    assert.equal(code, 1);
    assert.match(stderr, /usage/);
  });
});
