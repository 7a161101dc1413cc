import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as compute from "@pulumi/azure-native/compute";
import * as monitor from "@pulumi/azure-native/monitor";
import * as network from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import { declare } from "../../../components/azure/azureResource";

/** What a class insists on, beside the resource group. */
const needed: Record<string, object> = {
  "monitor:AutoscaleSetting": { profiles: [] },
  "network:Subnet": { virtualNetworkName: "network" },
};
const own = {
  "compute:VirtualMachine": compute.VirtualMachine,
  "compute:VirtualMachineScaleSet": compute.VirtualMachineScaleSet,
  "monitor:AutoscaleSetting": monitor.AutoscaleSetting,
  "network:LoadBalancer": network.LoadBalancer,
  "network:NatGateway": network.NatGateway,
  "network:NetworkInterface": network.NetworkInterface,
  "network:NetworkSecurityGroup": network.NetworkSecurityGroup,
  "network:PublicIPAddress": network.PublicIPAddress,
  "network:Subnet": network.Subnet,
  "network:VirtualNetwork": network.VirtualNetwork,
};

type Seen = Record<string, { token: string; inputs: Record<string, unknown> }>;

/** What the engine is sent, by the name of the resource. */
async function mocked(): Promise<Seen> {
  const seen: Seen = {};
  await pulumi.runtime.setMocks({
    newResource: ({ name, type: token, inputs }) => {
      // Only the class has the names of what it was not given.
      const given = Object.entries(inputs).filter(([, value]) => value !== undefined);
      seen[name] = { token, inputs: Object.fromEntries(given) };
      return { id: name, state: { ...inputs, ipAddress: "20.0.0.1" } };
    },
    call: () => ({}),
  });
  return seen;
}

const known = <T>(output: pulumi.Output<T>) =>
  new Promise<T>((resolve) => output.apply((value) => resolve(value)));

class Parent extends pulumi.ComponentResource {
  constructor(opts: pulumi.ComponentResourceOptions) {
    super("test:index:Parent", "parent", {}, opts);
  }
}

describe("a resource that is declared without its class", () => {
  for (const [type, Class] of Object.entries(own)) {
    test(`${type}: has the type and the inputs of its class`, async () => {
      const seen = await mocked();
      const taken = { resourceGroupName: "group", ...needed[type] } as never;
      const resources = [
        new Class("class", taken),
        declare(type as keyof typeof own, "own", taken, { parent: new Parent({}) }),
      ];
      await Promise.all(resources.map(({ id }) => known(id)));
      assert.deepEqual(seen.own, seen.class);
    });
  }

  test("has the outputs that are read, also one that is no input", async () => {
    await mocked();
    const taken = { resourceGroupName: "group", publicIpAddressName: "address" };
    const address = declare("network:PublicIPAddress", "own", taken, { parent: new Parent({}) }, [
      "ipAddress",
    ]);
    assert.equal(await known(address.ipAddress), "20.0.0.1");
  });

  for (const whose of ["own", "parent's"]) {
    test(`a transformation, the ${whose}, sees every input and may change it`, async () => {
      const seen = await mocked();
      const tag: pulumi.ResourceTransformation = ({ type, props, opts }) =>
        type.startsWith("azure-native:")
          ? { props: { ...props, tags: { ...props.tags, of: props.virtualNetworkName } }, opts }
          : undefined;
      const transformations = [tag];
      const taken = {
        resourceGroupName: "group",
        virtualNetworkName: "network",
        tags: { team: "a" },
      };
      const opts =
        whose === "own" ? { transformations } : { parent: new Parent({ transformations }) };
      await known(declare("network:VirtualNetwork", "own", taken, opts).id);
      assert.deepEqual(seen.own?.inputs.tags, { team: "a", of: "network" });
      assert.equal(seen.own?.inputs.virtualNetworkName, "network");
    });
  }
});
