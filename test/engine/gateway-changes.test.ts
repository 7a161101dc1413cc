/** Changes of a gateway that Azure makes hard, by the real engine in the embedded Azure. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ProjectLab } from "../support/lab";

const settings = ProjectLab.settings();

/** Settings of the `dev` stack with arguments of the gateway of the test's own. */
const withGateway = (...lines: string[]) =>
  [settings.trimEnd(), "  azure-gwlb:gateway:", ...lines.map((line) => `    ${line}`), ""].join(
    "\n",
  );

interface Machine {
  properties: { vmId: string; hardwareProfile: { vmSize: string } };
}
interface Tunnel {
  type: string;
  port: number;
  identifier: number;
}
interface Balancer {
  id: string;
  properties: {
    backendAddressPools: {
      properties: { tunnelInterfaces: Tunnel[]; backendIPConfigurations?: unknown[] };
    }[];
  };
}
interface Consumer {
  properties: { ipConfigurations: { properties: { gatewayLoadBalancer: { id: string } } }[] };
}

describe("a gateway that is in use", () => {
  let deployed: ProjectLab;
  const made: ProjectLab[] = [];

  before(async () => {
    deployed = await ProjectLab.create(settings);
    made.push(deployed);
    await deployed.up();
  });
  after(() => Promise.all(made.map((project) => project.remove())));

  async function changed(...lines: string[]): Promise<ProjectLab> {
    const project = await ProjectLab.create(withGateway(...lines));
    made.push(project);
    project.takeOver(deployed);
    return project;
  }
  const machineOf = (project: ProjectLab) => project.resource<Machine>("/virtualMachines/gwlb-nva");
  const chainOf = async (project: ProjectLab) => {
    const nic = await project.resource<Consumer>("/networkInterfaces/gwlb-demo-ilpip-nic");
    return nic.properties.ipConfigurations[0]?.properties.gatewayLoadBalancer.id;
  };

  for (const { what, line, vni, port } of [
    { what: "port", line: "internal: { port: 10900 }", vni: 800, port: 10900 },
    { what: "VNI", line: "internal: { vni: 810 }", vni: 810, port: 10800 },
  ]) {
    test(`takes another tunnel ${what} in one update, and keeps its id and its chains`, async () => {
      const project = await changed(line);
      const chain = await chainOf(project);
      const before = await project.resource<Balancer>("/loadBalancers/gwlb-gateway");
      await project.up();
      const balancer = await project.resource<Balancer>("/loadBalancers/gwlb-gateway");
      assert.equal(balancer.id, before.id);
      const [pool] = balancer.properties.backendAddressPools;
      const internal = pool?.properties.tunnelInterfaces.find(({ type }) => type === "Internal");
      assert.deepEqual([internal?.identifier, internal?.port], [vni, port]);
      assert.equal(pool?.properties.backendIPConfigurations?.length, 1);
      assert.equal(await chainOf(project), chain);
      await project.pulumi("preview", "--expect-no-changes");
    });
  }

  test("takes another size of the NVA without a new machine", async () => {
    const project = await changed("nva: { size: Standard_D4s_v5 }");
    const { vmId } = (await machineOf(project)).properties;
    await project.up();
    const { properties } = await machineOf(project);
    assert.deepEqual(
      [properties.vmId, properties.hardwareProfile.vmSize],
      [vmId, "Standard_D4s_v5"],
    );
  });

  test("moves to other zones, consumers and all, when it gets a free address", async () => {
    const project = await changed('frontendZones: ["1", "2"]', "frontendAddress: 10.7.0.9");
    await project.up();
    assert.match((await chainOf(project)) ?? "", /loadBalancers\/gwlb-gateway-zones-1-2\//);
    assert.ok(!(await project.ids()).some((id) => id.endsWith("/loadBalancers/gwlb-gateway")));
    await project.pulumi("preview", "--expect-no-changes");
  });

  for (const { what, lines, preview } of [
    {
      what: "other zones at the same address",
      lines: ['frontendZones: ["1", "2"]'],
      preview:
        /frontendZones: .*10\.7\.0\.4 is still the address of gwlb-gateway: .*frontendAddress/,
    },
    // With other tunnels beside it, which alone would replace the NVA.
    {
      what: "a network that its subnets are not in",
      lines: ["addressSpace: 10.8.0.0/16", "internal: { vni: 810 }"],
    },
  ]) {
    test(`loses nothing when Azure refuses ${what}`, async () => {
      const project = await changed(...lines);
      if (preview !== undefined) {
        const early = await project.verb(["pulumi", "preview"]);
        assert.notEqual(early.code, 0);
        assert.match(early.stdout + early.stderr, preview);
      }
      const [chain, machine] = [await chainOf(project), await machineOf(project)];
      const refused = await project.verb(["pulumi", "up", "--yes", "--skip-preview"]);
      assert.notEqual(refused.code, 0);
      assert.equal(await chainOf(project), chain);
      assert.equal((await machineOf(project)).properties.vmId, machine.properties.vmId);
      await project.write(settings);
      await project.up();
      await project.pulumi("preview", "--expect-no-changes");
    });
  }
});
