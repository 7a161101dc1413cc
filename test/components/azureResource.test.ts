import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as compute from "@pulumi/azure-native/compute";
import * as monitor from "@pulumi/azure-native/monitor";
import * as network from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import { declare } from "../../components/parts/azureResource";

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

describe("a resource that is declared without its class", () => {
  for (const [type, Class] of Object.entries(own)) {
    test(`${type}: has the type and the inputs of its class`, async () => {
      const seen: Record<string, unknown> = {};
      await pulumi.runtime.setMocks({
        newResource: ({ name, type: token, inputs }) => {
          // Only the class has the names of what it was not given.
          const given = Object.entries(inputs).filter(([, value]) => value !== undefined);
          seen[name] = { token, inputs: Object.fromEntries(given) };
          return { id: name, state: inputs };
        },
        call: () => ({}),
      });
      const taken = { resourceGroupName: "group", ...needed[type] } as never;
      const resources = [
        new Class("class", taken),
        declare(type as keyof typeof own, "own", taken, {}),
      ];
      await Promise.all(resources.map(({ id }) => new Promise((resolve) => id.apply(resolve))));
      assert.deepEqual(seen.own, seen.class);
    });
  }
});
