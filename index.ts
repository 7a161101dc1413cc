/** The program: a gateway load balancer with its firewall, and, as a demonstration, consumers. */
import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { GatewayProvider } from "./components/index";
import { Demo } from "./program/demo/demo";
import { readSettings } from "./program/settings";

const settings = readSettings();
const { name } = settings;

const resourceGroup = new resources.ResourceGroup(name, {
  resourceGroupName: `${name}-${pulumi.getStack()}`,
  tags: settings.gateway.tags,
});

const provider = new GatewayProvider(name, {
  ...settings.gateway,
  policy: settings.policy,
  resourceGroupName: resourceGroup.name,
});

const demo = settings.demo
  ? new Demo(`${name}-demo`, {
      resourceGroupName: resourceGroup.name,
      gatewayFrontendId: provider.gatewayFrontendId,
      tags: settings.gateway.tags as Record<string, string> | undefined,
    })
  : undefined;

/** The frontend that a consumer of another stack chains to. */
export const gatewayFrontendId = provider.gatewayFrontendId;
export const gatewayFrontendAddress = provider.gatewayFrontendAddress;
export const nvaNames = provider.nvaNames;
export const nvaAddresses = provider.nvaAddresses;
/** The fleet's scale set; empty with the one VM. */
export const scaleSetName = provider.scaleSetName;
export const policyHash = provider.policyHash;
export const resourceGroupName = resourceGroup.name;
/** Public addresses of the demonstration; empty without it. */
export const publicAddresses =
  demo === undefined ? {} : { ilpip: demo.ilpipAddress, loadBalancer: demo.loadBalancerAddress };
