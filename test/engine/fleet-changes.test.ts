/** Changes of a fleet, and between one NVA and a fleet, by the real engine in the embedded Azure. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ProjectLab } from "../support/lab";

const settings = ProjectLab.settings();

/** Settings of the `dev` stack with arguments of the gateway of the test's own. */
const withGateway = (...lines: string[]) =>
  [settings.trimEnd(), "  azure-gwlb:gateway:", ...lines.map((line) => `    ${line}`), ""].join(
    "\n",
  );

interface Named {
  id: string;
  name: string;
}
interface ScaleSet extends Named {
  properties: { uniqueId: string };
}
interface Tunnel {
  type: string;
  port: number;
}
interface Balancer {
  properties: {
    backendAddressPools: {
      properties: { tunnelInterfaces: Tunnel[]; backendIPConfigurations?: { id: string }[] };
    }[];
  };
}
interface Consumer {
  properties: { ipConfigurations: { properties: { gatewayLoadBalancer: { id: string } } }[] };
}

describe("a fleet that is in use", { concurrency: 2 }, () => {
  let alone: ProjectLab;
  let fleet: ProjectLab;
  let printed: string;
  const made: ProjectLab[] = [];

  async function project(text: string, from?: ProjectLab): Promise<ProjectLab> {
    const lab = await ProjectLab.create(text);
    made.push(lab);
    if (from !== undefined) lab.takeOver(from);
    return lab;
  }
  const changed = (...lines: string[]) => project(withGateway(...lines), fleet);

  before(async () => {
    alone = await project(settings);
    await alone.up();
    fleet = await project(withGateway("fleet: { capacity: 2 }"), alone);
    printed = (await fleet.up()).stdout;
  });
  after(() => Promise.all(made.map((lab) => lab.remove())));

  const balancerOf = (lab: ProjectLab) => lab.resource<Balancer>("/loadBalancers/gwlb-gateway");
  const scaleSetsOf = async (lab: ProjectLab) =>
    (await lab.ids()).filter((id) => /\/virtualMachineScaleSets\/[^/]+$/.test(id));
  const scaleSetOf = (lab: ProjectLab) =>
    lab.resource<ScaleSet>("/virtualMachineScaleSets/gwlb-nvas");
  const chainOf = async (lab: ProjectLab) => {
    const nic = await lab.resource<Consumer>("/networkInterfaces/gwlb-demo-ilpip-nic");
    return nic.properties.ipConfigurations[0]?.properties.gatewayLoadBalancer.id;
  };
  /** Names of the NICs behind the gateway, the one VM's by its own. */
  const poolOf = async (lab: ProjectLab) => {
    const [pool] = (await balancerOf(lab)).properties.backendAddressPools;
    const members = pool?.properties.backendIPConfigurations ?? [];
    return members.map(({ id }) => /networkInterfaces\/([^/]+)/.exec(id)?.[1] ?? id);
  };
  const isOne = (nic: string) => nic === "gwlb-nva-nic";

  test("comes up before the one NVA goes, at the same frontend", async () => {
    const created = printed.search(/VirtualMachineScaleSet gwlb-nvas created/);
    const gone = printed.search(/VirtualMachine gwlb-nva delet/);
    assert.ok(created > 0 && created < gone, printed);
    assert.equal(await chainOf(fleet), await chainOf(alone));
    const pool = await poolOf(fleet);
    assert.equal(pool.length, 2);
    assert.ok(!pool.some(isOne));
    await fleet.pulumi("preview", "--expect-no-changes");
  });

  test("stands beside the one NVA on the way there, and on the way back", async () => {
    const there = await project(withGateway("fleet: { capacity: 2, keepNva: true }"), alone);
    const steps = (await there.plan()).filter(({ name }) => /gwlb-nva(s|-nic)?$/.test(name));
    assert.deepEqual(steps.map(({ op, name }) => `${op} ${name}`).sort(), [
      "create gwlb-nvas",
      "update gwlb-nva",
    ]);
    await there.up();
    assert.deepEqual((await poolOf(there)).map(isOne).sort(), [false, false, true]);
    await there.write(settings);
    await there.up();
    assert.deepEqual((await poolOf(there)).map(isOne), [true]);
    assert.deepEqual(await scaleSetsOf(there), []);
    assert.equal(await chainOf(there), await chainOf(alone));
  });

  test("takes all that an upgrade can carry as another model of the same scale set", async () => {
    const lab = await changed(
      "fleet: { capacity: 2 }",
      'nva: { imageVersion: "24.04.202509010", mtu: 3000, size: Standard_D4s_v5 }',
    );
    await lab.write((await lab.written()).replace('"8.8.8.8"', '"8.8.4.4"'));
    const steps = (await lab.plan()).filter(({ paths }) => paths.length > 0);
    const paths = [
      "sku.name",
      "virtualMachineProfile.osProfile.customData",
      "virtualMachineProfile.storageProfile.imageReference.version",
      "virtualMachineProfile.userData",
    ];
    assert.deepEqual(steps, [{ op: "update", name: "gwlb-nvas", paths, replaces: [] }]);
    const { properties } = await scaleSetOf(lab);
    await lab.up();
    assert.equal((await scaleSetOf(lab)).properties.uniqueId, properties.uniqueId);
    await lab.pulumi("preview", "--expect-no-changes");
  });

  test("refuses a change in the preview that only new NVAs would get", async () => {
    const inPlace = await changed("fleet: { capacity: 2 }", "nva: { mtu: 3000 }");
    const { code, stdout, stderr } = await inPlace.verb(["pulumi", "preview"]);
    assert.notEqual(code, 0);
    assert.match(`${stdout}${stderr}`, /gwlb-nvas: customData .* for new NVAs only/);
    await inPlace.write(
      withGateway("fleet: { capacity: 2, upgrade: { surge: true } }", "nva: { mtu: 3000 }"),
    );
    await inPlace.up();
    // Back to upgrades in place: nothing of the model has changed.
    await inPlace.write(withGateway("fleet: { capacity: 2 }", "nva: { mtu: 3000 }"));
    await inPlace.up();
  });

  test("moves to other zones beside itself", async () => {
    const lab = await changed('fleet: { capacity: 2, zones: ["1", "2"] }');
    const { stdout } = await lab.up();
    const created = stdout.search(/VirtualMachineScaleSet gwlb-nvas creat(ed|ing) replacement/);
    assert.ok(created > 0 && created < stdout.search(/gwlb-nvas delet/), stdout);
    const [id, ...others] = await scaleSetsOf(lab);
    assert.deepEqual(others, []);
    assert.match(id ?? "", /gwlb-nvas-[0-9a-f]{4}$/);
    assert.equal((await poolOf(lab)).length, 2);
    assert.equal(await chainOf(lab), await chainOf(fleet));
    await lab.pulumi("preview", "--expect-no-changes");
  });

  test("takes other tunnels in one update, with an empty pool between", async () => {
    const lab = await changed("fleet: { capacity: 2 }", "internal: { port: 10900 }");
    await lab.up();
    const [pool] = (await balancerOf(lab)).properties.backendAddressPools;
    const internal = pool?.properties.tunnelInterfaces.find(({ type }) => type === "Internal");
    assert.equal(internal?.port, 10900);
    assert.equal((await poolOf(lab)).length, 2);
    assert.equal(await chainOf(lab), await chainOf(fleet));
    await lab.pulumi("preview", "--expect-no-changes");
  });

  test("follows its gateway to other zones, and consumers come last", async () => {
    const lab = await changed(
      'frontendZones: ["1", "2"]',
      "frontendAddress: 10.7.0.9",
      "fleet: { capacity: 2 }",
    );
    const { stdout } = await lab.up();
    const fleetUp = stdout.search(/VirtualMachineScaleSet gwlb-nvas created replacement/);
    const moved = stdout.search(/NetworkInterface gwlb-demo-ilpip-nic updated/);
    assert.ok(fleetUp > 0 && fleetUp < moved, stdout);
    assert.match((await chainOf(lab)) ?? "", /loadBalancers\/gwlb-gateway-zones-1-2\//);
    assert.equal((await scaleSetsOf(lab)).length, 1);
    await lab.pulumi("preview", "--expect-no-changes");
  });

  test("is destroyed to the last instance", async () => {
    const lab = await changed("fleet: { capacity: 2 }");
    await lab.pulumi("destroy", "--yes", "--skip-preview");
    assert.deepEqual(await lab.ids(), []);
  });
});
