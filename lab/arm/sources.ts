/** Where rules of Azure's are known from; docs/azure-facts.md has more of most. */

const learn = (page: string) => `https://learn.microsoft.com/azure/${page}`;
const scaleSets = (page: string) =>
  learn(`virtual-machine-scale-sets/virtual-machine-scale-sets-${page}`);

/** Pages of Microsoft's documentation. */
export const docs = {
  adminState: learn("load-balancer/admin-state-overview"),
  apiErrors: learn("azure-resource-manager/troubleshooting/common-deployment-errors"),
  autoscale: learn("azure-monitor/autoscale/autoscale-understanding-settings"),
  autoOs: scaleSets("automatic-upgrade"),
  balancerAdvice: learn("load-balancer/load-balancer-best-practices"),
  balancerErrors: learn("load-balancer/load-balancer-common-deployment-errors"),
  balancerLimits: learn(
    "azure-resource-manager/management/azure-subscription-service-limits#load-balancer",
  ),
  balancerNews: learn("load-balancer/whats-new"),
  crossSubscription: learn("load-balancer/cross-subscription-overview"),
  customData: learn("virtual-machines/custom-data"),
  defaultOutbound: learn("virtual-network/ip-services/default-outbound-access"),
  dualStack: learn("load-balancer/gateway-deploy-dual-stack-load-balancer"),
  events: learn("virtual-machines/linux/scheduled-events"),
  gateway: learn("load-balancer/gateway-overview"),
  haPorts: learn("load-balancer/load-balancer-ha-ports-overview"),
  healthExtension: scaleSets("health-extension"),
  joinActions: learn("role-based-access-control/permissions/networking"),
  linux: learn("virtual-machines/linux/faq"),
  metadata: learn("virtual-machines/instance-metadata-service"),
  names: learn("azure-resource-manager/management/resource-name-rules"),
  natGateway: learn("nat-gateway/nat-overview"),
  orchestration: scaleSets("orchestration-modes"),
  outbound: learn("load-balancer/load-balancer-outbound-connections"),
  outboundRules: learn("load-balancer/outbound-rules"),
  privateAddresses: learn("virtual-network/ip-services/private-ip-addresses"),
  probes: learn("load-balancer/load-balancer-custom-probe-overview"),
  protection: scaleSets("instance-protection"),
  publicPrefixes: learn("virtual-network/ip-services/public-ip-address-prefix"),
  repairs: scaleSets("automatic-instance-repairs"),
  roles: learn("role-based-access-control/role-definitions"),
  roleErrors: learn("role-based-access-control/troubleshooting"),
  rolling: scaleSets("configure-rolling-upgrades"),
  scaleIn: scaleSets("scale-in-policy"),
  securityGroups: learn("virtual-network/network-security-groups-overview"),
  skus: learn("load-balancer/skus"),
  sshKeys: learn("virtual-machines/linux/mac-create-ssh-keys"),
  surge: scaleSets("maxsurge"),
  tags: learn("azure-resource-manager/management/tag-resources"),
  terminate: scaleSets("terminate-notification"),
  trustedLaunch: learn("virtual-machines/trusted-launch"),
  /** Type definitions of the API, with the texts of its specification. */
  types: "https://www.npmjs.com/package/@pulumi/azure-native/v/3.28.0",
  upgrade: scaleSets("upgrade-scale-set"),
  userData: learn("virtual-machines/user-data"),
  /** Codes and sentences of Compute, as last published in one list. */
  machineErrors:
    "https://github.com/MicrosoftDocs/azure-docs/blob/bfeaff281ab2c0bc3cd4ace9a126925ef17beb68/articles/virtual-machines/windows/error-messages.md",
  vnet: learn("virtual-network/virtual-networks-faq"),
} as const;

/** Test recordings that public projects carry, with traffic of the real service. */
export const recordings = {
  operator: "recordings of Azure/azure-service-operator v2.13.0",
  client: "recordings of kubernetes-sigs/cloud-provider-azure, azclient v0.26.1",
  powershell: "recordings of Azure/azure-powershell, commit b1db13e8",
  cli: "recordings of Azure/azure-cli",
} as const;

/** A user's report. */
export const issue = (repository: string, number: number): string =>
  `https://github.com/${repository}/issues/${number}`;

/** Users' notes that quote a code with its sentence. */
export const quoted = (code: string): string =>
  `notes of users: https://github.com/search?type=code&q=${code}`;
