/** A hundred chains deployed at once, while writes take time and network resources take one each. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ProjectLab } from "../support/lab";

const CHAINS = 100;
const SUBNETS = 6;
/** Ten times the lab's own. */
const WRITE_MS = "100";

const program = `
import * as network from "@pulumi/azure-native/network";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import { chainAll, GatewayProvider } from "./components/index";

const resourceGroupName = new ResourceGroup("own", { resourceGroupName: "own" }).name;
const gateway = new GatewayProvider("hub", { resourceGroupName });
chainAll(gateway.gatewayFrontendId);

// Parts of one network, each a resource of its own: all but one meet another's write.
const vnet = new network.VirtualNetwork("shops", {
  resourceGroupName,
  virtualNetworkName: "shops",
  addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
});
for (let i = 0; i < ${SUBNETS}; i++) {
  new network.Subnet("subnet" + i, {
    ...{ resourceGroupName, virtualNetworkName: vnet.name, subnetName: "s" + i },
    addressPrefix: "10.1." + i + ".0/24",
  });
}

for (let i = 0; i < ${CHAINS}; i++) {
  const address = new network.PublicIPAddress("shop" + i, {
    ...{ resourceGroupName, publicIpAddressName: "shop" + i, sku: { name: "Standard" } },
    publicIPAllocationMethod: "Static",
  });
  new network.LoadBalancer("shop" + i, {
    ...{ resourceGroupName, loadBalancerName: "shop" + i, sku: { name: "Standard" } },
    frontendIPConfigurations: [{ name: "fe", publicIPAddress: { id: address.id } }],
  });
}
`;

interface LoadBalancer {
  properties: {
    provisioningState: string;
    frontendIPConfigurations: { properties: { gatewayLoadBalancer?: { id: string } } }[];
  };
}

let project: ProjectLab;
before(async () => {
  process.env.GWLB_LAB_WRITE_MS = WRITE_MS;
  project = await ProjectLab.withProgram("hundred", program);
});
after(() => project?.remove());

test("a program with a hundred chains survives writes that are in each other's way", async () => {
  await project.up();
  const type = "Microsoft.Network/loadBalancers";
  const { stdout } = await project.verb(["azure", "list", type, "--json"]);
  const all = JSON.parse(stdout) as LoadBalancer[];
  const chained = all.filter(({ properties }) =>
    properties.frontendIPConfigurations.some(({ properties: p }) => p.gatewayLoadBalancer),
  );
  assert.equal(chained.length, CHAINS);
  assert.ok(all.every(({ properties }) => properties.provisioningState === "Succeeded"));
  const vnet = await project.resource<{ properties: { subnets: unknown[] } }>(
    "virtualNetworks/shops",
  );
  assert.equal(vnet.properties.subnets.length, SUBNETS);
  assert.deepEqual(await project.plan(), []);
});
