import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GatewayProvider } from "../../components/index";
import { resolved, settle, startMocks } from "../support/mocks";

const group = "rg";

for (const preview of [false, true]) {
  describe(`GatewayProvider, preview ${preview}`, () => {
    test("declares the reference layout from a resource group alone", async () => {
      const engine = startMocks(preview);
      const provider = new GatewayProvider("hub", { resourceGroupName: group });
      await settle(provider);
      assert.deepEqual(engine.names(), [
        "azure-native:compute:VirtualMachine hub-nva",
        "azure-native:network:LoadBalancer hub-gateway",
        "azure-native:network:NetworkInterface hub-nva-nic",
        "azure-native:network:NetworkSecurityGroup hub-nva-nsg",
        "azure-native:network:Subnet hub-gateway-subnet",
        "azure-native:network:Subnet hub-nva-subnet",
        "azure-native:network:VirtualNetwork hub-network",
        "random:index/randomBytes:RandomBytes hub-nva-key",
      ]);
      assert.equal(await resolved(provider.gatewayFrontendAddress), "10.7.0.4");
    });
  });
}
