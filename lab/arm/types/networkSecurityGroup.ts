import { childNameProblems, nameChildren, namedChildren } from "../children";
import { inUse } from "../inUse";
import { childrenOf } from "../resource";
import { refusalsOf } from "../rules";
import { child, flag, list, maintained, served } from "../schema";
import { issue } from "../sources";
import {
  networkName,
  type ResourceType,
  resourceGuid,
  topLevel,
  withProperties,
} from "./definition";
import { clashProblems, defaultRules, prepareRule, ruleFields, ruleProblems } from "./securityRule";

const refusals = refusalsOf("Microsoft.Network/networkSecurityGroups", {
  used: {
    code: "InUseNetworkSecurityGroupCannotBeDeleted",
    says: "A security group stays while an interface or a subnet has it.",
    reported: issue("pulumi/pulumi-azure-native", 3051),
  },
});

/** A security group with its rules inline. */
export const networkSecurityGroup: ResourceType = {
  type: "Microsoft.Network/networkSecurityGroups",
  token: "azure-native:network:NetworkSecurityGroup",
  getter: "azure-native:network:getNetworkSecurityGroup",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "networkSecurityGroupName"],
  name: networkName(),
  located: true,
  shape: topLevel({
    securityRules: maintained(list(child(ruleFields), 0, 1000)),
    flushConnection: flag,
    defaultSecurityRules: served,
    networkInterfaces: served,
    subnets: served,
    ...resourceGuid,
  }),
  prepare(put) {
    nameChildren(put, "securityRules");
    put.desired.properties.securityRules ??= [];
    for (const rule of childrenOf(put.desired, "securityRules")) prepareRule(rule);
    put.desired.properties.defaultSecurityRules = defaultRules(put.desired.id);
  },
  rules: [
    (put) => childNameProblems(put, "securityRules"),
    function* eachRule(put) {
      for (const [rule, path] of namedChildren(put, "securityRules"))
        yield* ruleProblems(rule, path);
    },
    clashProblems,
  ],
  deleteRules: [
    function* used(existing, world) {
      const users = world.usersOf(existing.id).map((user) => user.id);
      if (users.length > 0) {
        yield inUse(refusals.used, existing.id, users);
      }
    },
  ],
  present(stored, world) {
    const users = world.usersOf(stored.id);
    const nics = users.filter((user) => user.type === "Microsoft.Network/networkInterfaces");
    const subnets = users
      .flatMap((user) => childrenOf(user, "subnets"))
      .filter((s) => {
        const { id } = (s.properties.networkSecurityGroup ?? {}) as { id?: string };
        return id?.toLowerCase() === stored.id.toLowerCase();
      });
    const ids = (list: { id: string }[]) =>
      list.length > 0 ? list.map(({ id }) => ({ id })) : undefined;
    return withProperties(stored, { networkInterfaces: ids(nics), subnets: ids(subnets) });
  },
};
