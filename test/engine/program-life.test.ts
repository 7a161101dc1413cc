/** The life of the repository's own program, by the real engine in the embedded Azure. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { ProjectLab } from "../support/lab";

const settings = ProjectLab.settings();

/** Settings of the `dev` stack with arguments of the gateway of the test's own. */
function withGateway(...lines: string[]): string {
  return [settings.trimEnd(), "  azure-gwlb:gateway:", ...lines.map((l) => `    ${l}`), ""].join(
    "\n",
  );
}

describe("the program's stack", { concurrency: 2 }, () => {
  let deployed: ProjectLab;
  const made: ProjectLab[] = [];

  before(async () => {
    deployed = await ProjectLab.asItIs(settings);
    made.push(deployed);
    await deployed.up();
  });
  after(() => Promise.all(made.map((project) => project.remove())));

  /** Each test gets the deployed stack for itself. */
  async function stack(changed = settings): Promise<ProjectLab> {
    const project = await ProjectLab.create(changed);
    made.push(project);
    project.takeOver(deployed);
    return project;
  }

  test("plans nothing once it is up", async () => {
    await deployed.pulumi("preview", "--expect-no-changes");
  });

  test("takes a changed policy in place, into the machine's userData", async () => {
    const project = await stack(settings.replace('"8.8.8.8"', '"8.8.4.4"'));
    const resources = (await project.plan()).filter(({ paths }) => paths.length > 0);
    assert.deepEqual(resources, [
      { op: "update", name: "gwlb-nva", paths: ["userData"], replaces: [] },
    ]);
    const userData = async () => {
      const ending = "/virtualMachines/gwlb-nva";
      const vm = await project.resource<VirtualMachine>(ending, { expand: "userData" });
      return vm.properties;
    };
    const old = await userData();
    await project.up();
    const now = await userData();
    assert.notEqual(now.userData, old.userData);
    assert.equal(now.vmId, old.vmId);
    await project.pulumi("preview", "--expect-no-changes");
  });

  test("replaces the NVA when what it boots from changes, and only the NVA", async () => {
    const project = await stack(withGateway("nva:", "  mtu: 3000"));
    const replaced = (await project.plan()).filter(({ op }) => op !== "update");
    assert.deepEqual(
      replaced.map(({ op, name, paths }) => ({ op, name, paths })),
      [{ op: "replace", name: "gwlb-nva", paths: ["osProfile.customData"] }],
    );
    await project.up();
    await project.pulumi("preview", "--expect-no-changes");
  });

  test("shows a chain that someone took away, and puts it back", async () => {
    const project = await stack();
    const ending = "/networkInterfaces/gwlb-demo-ilpip-nic";
    const nic = await project.resource<Nic>(ending);
    const chained = chainOf(nic);
    assert.match(chained ?? "", /loadBalancers\/gwlb-gateway\/frontendIPConfigurations/);
    const body = path.join(project.dir, "nic.json");
    for (const { properties } of nic.properties.ipConfigurations) {
      delete properties.gatewayLoadBalancer;
    }
    await writeFile(body, JSON.stringify(nic));
    const put = await project.verb(["azure", "put", nic.id, body]);
    assert.equal(put.code, 0, put.stderr);
    assert.equal(chainOf(await project.resource<Nic>(ending)), undefined);

    const { stdout } = await project.pulumi("refresh", "--yes", "--skip-preview", "--diff");
    assert.match(stdout, /gwlb-demo-ilpip-nic/);
    await project.up();
    assert.equal(chainOf(await project.resource<Nic>(ending)), chained);
    await project.pulumi("preview", "--expect-no-changes");
  });

  test("exports its secrets only when asked to", async () => {
    const secrets = async (...args: string[]) => {
      const { stdout } = await deployed.pulumi("stack", "export", ...args);
      const state = JSON.parse(stdout) as Exported;
      const keys = state.deployment.resources.filter(({ type }) => type.startsWith("random:"));
      assert.ok(keys.length > 0);
      return JSON.stringify(keys.map(({ outputs }) => outputs));
    };
    assert.match(await secrets(), /"ciphertext"/);
    const shown = await secrets("--show-secrets");
    assert.match(shown, /"plaintext"/);
    assert.doesNotMatch(shown, /"ciphertext"/);
  });

  test("is destroyed in an order that Azure accepts, to the last resource", async () => {
    const project = await stack();
    await project.pulumi("destroy", "--yes", "--skip-preview");
    assert.deepEqual(await project.ids(), []);
  });

  test("cannot go while a consumer of another stack is chained to it", async () => {
    const project = await stack(settings.replace("demo: true", "demo: false"));
    await project.up();
    const { stdout } = await project.pulumi("stack", "output", "gatewayFrontendId");
    const consumer = await ProjectLab.withProgram("consumer", consumerProgram(stdout.trim()));
    made.push(consumer);
    const there = ["--lab", project.lab, "pulumi"];
    const up = await consumer.verb([...there, "up", "--yes", "--skip-preview"]);
    assert.equal(up.code, 0, up.stdout + up.stderr);

    const refused = await project.verb(["pulumi", "destroy", "--yes", "--skip-preview"]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stdout + refused.stderr, /GatewayLoadBalancerInUseByChain/);
    assert.ok((await project.ids()).some((id) => id.endsWith("/loadBalancers/gwlb-gateway")));

    const gone = await consumer.verb([...there, "destroy", "--yes", "--skip-preview"]);
    assert.equal(gone.code, 0, gone.stdout + gone.stderr);
    await project.pulumi("destroy", "--yes", "--skip-preview");
    assert.deepEqual(await project.ids(), []);
  });

  test("leaves the settings of the project as they were", async () => {
    const project = await stack(`# mine\n${settings}`);
    await project.up();
    assert.equal(await project.written(), `# mine\n${settings}`);
  });
});

interface VirtualMachine {
  properties: { userData?: string; vmId: string };
}

interface Nic {
  id: string;
  properties: { ipConfigurations: { properties: { gatewayLoadBalancer?: { id: string } } }[] };
}

interface Exported {
  deployment: { resources: { type: string; outputs?: unknown }[] };
}

function chainOf(nic: Nic): string | undefined {
  return nic.properties.ipConfigurations[0]?.properties.gatewayLoadBalancer?.id;
}

/** A consumer as another team would write it. */
function consumerProgram(gatewayFrontendId: string): string {
  return `
import * as network from "@pulumi/azure-native/network";
import * as resources from "@pulumi/azure-native/resources";
import { IlpipConsumer } from "./components/index";

const group = new resources.ResourceGroup("app");
const vnet = new network.VirtualNetwork("app", {
  resourceGroupName: group.name,
  addressSpace: { addressPrefixes: ["10.30.0.0/24"] },
});
const subnet = new network.Subnet("app", {
  resourceGroupName: group.name,
  virtualNetworkName: vnet.name,
  addressPrefix: "10.30.0.0/25",
  defaultOutboundAccess: false,
});
new IlpipConsumer("app", {
  resourceGroupName: group.name,
  subnetId: subnet.id,
  gatewayFrontendId: ${JSON.stringify(gatewayFrontendId)},
});
`;
}
