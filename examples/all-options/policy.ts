/** Every field of a policy. */
import {
  type FirewallPolicy,
  PolicyMode,
  RuleAction,
  RuleDirection,
  RuleProtocol,
} from "azure-gwlb";

export const policy: FirewallPolicy = {
  addressSets: { banned: ["8.8.8.8", "192.0.2.0/24", "2001:db8::/32"] },
  rules: [
    {
      name: "no-ssh",
      action: RuleAction.Drop,
      direction: RuleDirection.Inbound,
      sources: ["banned"],
      destinations: ["0.0.0.0/0"],
      protocol: RuleProtocol.Tcp,
      ports: ["22"],
      log: true,
    },
    {
      name: "no-background",
      action: RuleAction.Drop,
      direction: RuleDirection.Inbound,
      protocol: RuleProtocol.Tcp,
      sourcePorts: ["1-1023"],
      tcpFlags: ["syn"],
      dscp: ["cs1"],
    },
    {
      name: "services",
      action: RuleAction.Allow,
      direction: RuleDirection.Inbound,
      protocol: RuleProtocol.Tcp,
      ports: ["22", "80", "8000-8100"],
      rateLimit: { perSecond: 1000, burst: 2000, perSource: true },
    },
    {
      name: "ping",
      action: RuleAction.Allow,
      direction: RuleDirection.Inbound,
      protocol: RuleProtocol.Icmp,
      icmpTypes: ["echo-request"],
    },
  ],
  defaultInbound: RuleAction.Drop,
  defaultOutbound: RuleAction.Allow,
  logDefaults: true,
  mode: PolicyMode.Enforce,
  stateful: true,
  endForbiddenFlows: false,
};
