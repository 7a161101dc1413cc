/** Consumers renamed with an alias keep what they have made, their public addresses above all. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ProjectLab } from "../support/lab";

const program = (suffix: string, opts: string) => `
import * as network from "@pulumi/azure-native/network";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import { GatewayProvider, IlpipConsumer, PublicLoadBalancerConsumer } from "./components/index";

const resourceGroupName = new ResourceGroup("own", { resourceGroupName: "own" }).name;
const { gatewayFrontendId } = new GatewayProvider("hub", { resourceGroupName });
const vnet = new network.VirtualNetwork("apps", {
  ...{ resourceGroupName, virtualNetworkName: "apps" },
  addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
  subnets: [{ name: "s", addressPrefix: "10.1.0.0/24" }],
});
const subnetId = vnet.subnets.apply((subnets) => subnets?.[0]?.id ?? "");
const common = { resourceGroupName, gatewayFrontendId };
new IlpipConsumer("vm${suffix}", { ...common, subnetId }, ${opts.replaceAll("NAME", "vm")});
const kept = new network.PublicIPAddress("kept", {
  ...{ resourceGroupName, publicIpAddressName: "kept", sku: { name: "Standard" } },
  publicIPAllocationMethod: "Static",
});
const given = new IlpipConsumer("given", { ...common, subnetId, publicAddressId: kept.id });
const range = new network.PublicIPPrefix("range", {
  ...{ resourceGroupName, publicIpPrefixName: "range", sku: { name: "Standard" }, prefixLength: 30 },
});
const ranged = new IlpipConsumer("ranged", { ...common, subnetId, publicIPPrefixId: range.id });
export const ofRange = [range.ipPrefix, ranged.publicAddress];
export const addresses = [kept.ipAddress, given.publicAddress];
new PublicLoadBalancerConsumer(
  "web${suffix}",
  { ...common, ports: [{ name: "web", protocol: "tcp", port: 80 }], probe: { port: 80 } },
  ${opts.replaceAll("NAME", "web")},
);
`;

let project: ProjectLab;
before(async () => {
  project = await ProjectLab.withProgram("renamed", program("", "{}"));
  await project.up();
});
after(() => project?.remove());

test("an existing address is chained, and stays the one it was", async () => {
  const { stdout } = await project.pulumi("stack", "output", "addresses", "--json");
  const [own, chained] = JSON.parse(stdout) as string[];
  assert.match(own ?? "", /^\d+(\.\d+){3}$/);
  assert.equal(chained, own);
  assert.ok(!(await project.ids()).some((id) => id.endsWith("/given-address")));
});

/** The changes of a deployment; the existing address is only read. */
const changes = async () => (await project.plan()).filter(({ op }) => op !== "read");

test("a new address is one of the prefix", async () => {
  const { stdout } = await project.pulumi("stack", "output", "ofRange", "--json");
  const [prefix = "", address = ""] = JSON.parse(stdout) as string[];
  const [network, own] = [prefix.split("/")[0] ?? "", address].map((ip) =>
    ip.split(".").map(Number),
  );
  assert.deepEqual(own?.slice(0, 3), network?.slice(0, 3));
  const place = (own?.[3] ?? -1) - (network?.[3] ?? 0);
  assert.ok(place >= 0 && place < 4, `${address} of ${prefix}`);
});

test("the plan of a rename changes nothing on Azure, and neither does the next one", async () => {
  const rename = (suffix: string, aliases: string[]) =>
    project.program(program(suffix, `{ aliases: [${aliases.join(", ")}] }`));
  const ids = await project.ids();
  await rename("-two", ['{ name: "NAME" }']);
  assert.deepEqual(await changes(), []);
  await project.up();
  await rename("-three", ['{ name: "NAME-two" }', '{ name: "NAME" }']);
  assert.deepEqual(await changes(), []);
  await project.up();
  assert.deepEqual(await project.ids(), ids);
  await rename("-four", []);
  assert.notDeepEqual(await changes(), [], "a rename without an alias is another component");
});
