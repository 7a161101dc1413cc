/** The firewall policy: what users write, its problems, and its way into the NVA. Pure. */
export { bundlePolicy, type PolicyBundle, USER_DATA_LIMIT } from "./bundle";
export { compilePolicy } from "./compile";
export { describeRule } from "./describe";
export { describeChanges } from "./describeChanges";
export { diffPolicies, diffSettings } from "./diff";
export { explainPacket } from "./explain";
export { type ImportNote, type ImportResult, importRules } from "./importRules";
export { planPolicy } from "./plan";
export {
  type FirewallPolicy,
  type FirewallRule,
  PASS_ALL,
  PolicyMode,
  type RateLimit,
  RuleAction,
  RuleDirection,
  RuleProtocol,
} from "./policy";
export { policyProblems } from "./problems";
export { policyWarnings } from "./warnings";
