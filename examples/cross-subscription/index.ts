import * as authorization from "@pulumi/azure-native/authorization";
import * as network from "@pulumi/azure-native/network";
import { Provider } from "@pulumi/azure-native/provider";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import {
  GatewayProvider,
  IlpipConsumer,
  RuleAction,
  RuleDirection,
  RuleProtocol,
  TrafficProtocol,
} from "azure-gwlb";
import { createMachine } from "./machine";

// The gateway is in the subscription of the default provider, the application in this one.
const application = new Provider("application", {
  subscriptionId: new pulumi.Config().require("applicationSubscriptionId"),
  location: new pulumi.Config("azure-native").require("location"),
});

const platformGroup = new ResourceGroup("example-hub");
const gateway = new GatewayProvider("hub", {
  resourceGroupName: platformGroup.name,
  policy: {
    rules: [
      {
        name: "no-ssh",
        action: RuleAction.Drop,
        direction: RuleDirection.Inbound,
        sources: ["8.8.8.8"],
        protocol: RuleProtocol.Tcp,
        ports: ["22"],
      },
    ],
    defaultInbound: RuleAction.Allow,
    defaultOutbound: RuleAction.Allow,
  },
});

// The platform lets the application's identity chain, and do nothing else.
const scope = platformGroup.id;
const role = new authorization.RoleDefinition("gateway-chainer", {
  scope,
  roleName: "Gateway chainer (example)",
  assignableScopes: [scope],
  permissions: [
    {
      actions: [
        "Microsoft.Network/loadBalancers/read",
        "Microsoft.Network/loadBalancers/frontendIPConfigurations/join/action",
      ],
    },
  ],
});
const grant = new authorization.RoleAssignment("application-may-chain", {
  scope: gateway.loadBalancerId,
  roleDefinitionId: role.id,
  principalId: authorization.getClientConfigOutput({ provider: application }).objectId,
  principalType: "ServicePrincipal",
});

const inApplication = { provider: application };
const resourceGroupName = new ResourceGroup("example-spoke", {}, inApplication).name;
const vnet = new network.VirtualNetwork(
  "example-spoke",
  {
    resourceGroupName,
    addressSpace: { addressPrefixes: ["10.40.0.0/16"] },
    subnets: [{ name: "web", addressPrefix: "10.40.0.0/24", defaultOutboundAccess: false }],
  },
  inApplication,
);
const web = new IlpipConsumer(
  "spoke-web",
  {
    resourceGroupName,
    subnetId: pulumi.interpolate`${vnet.id}/subnets/web`,
    gatewayFrontendId: gateway.gatewayFrontendId,
    allow: [{ name: "ssh-and-web", protocol: TrafficProtocol.Tcp, ports: ["22", "80"] }],
  },
  // Azure asks for the permission at every write of the chained resource.
  { ...inApplication, dependsOn: grant },
);
createMachine(
  "spoke-vm",
  { resourceGroupName, networkInterfaceId: web.networkInterfaceId },
  inApplication,
);

export const address = web.publicAddress;
