import { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { GatewayProvider, RuleAction, RuleDirection, RuleProtocol } from "azure-gwlb";

const config = new pulumi.Config();
const resourceGroup = new ResourceGroup("example-platform");

const gateway = new GatewayProvider("platform", {
  resourceGroupName: resourceGroup.name,
  // Both have defaults. Zones are fixed for a frontend's life: other ones make a second frontend,
  // at a free address, and every application must be deployed before the first one can go.
  frontendZones: config.getObject<string[]>("frontendZones"),
  frontendAddress: config.get("frontendAddress"),
  policy: {
    rules: [
      {
        name: "no-ssh-from-8-8-8-8",
        action: RuleAction.Drop,
        direction: RuleDirection.Inbound,
        sources: ["8.8.8.8"],
        protocol: RuleProtocol.Tcp,
        ports: ["22"],
        log: true,
      },
    ],
    defaultInbound: RuleAction.Allow,
    defaultOutbound: RuleAction.Allow,
  },
});

/** What applications need to know, and all of it. */
export const gatewayFrontendId = gateway.gatewayFrontendId;
