/** The rules of the pack, in the order in which they are documented. */
import type { Rule } from "./rule";
import { chainedBalancerIsStandard } from "./rules/chainedBalancerIsStandard";
import { chainNamesAFrontend } from "./rules/chainNamesAFrontend";
import { gatewayChainLimit } from "./rules/gatewayChainLimit";
import { gatewayForwardsAllPorts } from "./rules/gatewayForwardsAllPorts";
import { gatewayHasTwoTunnels } from "./rules/gatewayHasTwoTunnels";
import { gatewayProbeIsHonest } from "./rules/gatewayProbeIsHonest";
import { nvaBootsTrusted } from "./rules/nvaBootsTrusted";
import { nvaHasNoPassword } from "./rules/nvaHasNoPassword";
import { nvaHasNoPublicAddress } from "./rules/nvaHasNoPublicAddress";
import { nvaHealthIsHonest } from "./rules/nvaHealthIsHonest";
import { publicEntryIsChained } from "./rules/publicEntryIsChained";
import { tunnelPortsAreNotTrusted } from "./rules/tunnelPortsAreNotTrusted";

export const rules: readonly Rule[] = [
  publicEntryIsChained,
  chainNamesAFrontend,
  chainedBalancerIsStandard,
  gatewayHasTwoTunnels,
  gatewayForwardsAllPorts,
  gatewayProbeIsHonest,
  gatewayChainLimit,
  nvaHasNoPublicAddress,
  nvaHasNoPassword,
  nvaBootsTrusted,
  nvaHealthIsHonest,
  tunnelPortsAreNotTrusted,
];
