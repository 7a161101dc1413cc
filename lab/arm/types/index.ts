/**
 * The resource types that the embedded Azure simulates. Others of azure-native that have no part in a
 * packet's way are declared, not simulated; what is neither is refused by name.
 */
import { type Answer, declaredGetter, declaredToken, declaredType } from "../declared";
import { keyOf } from "../ids";
import { autoscaleSetting } from "./autoscaleSetting";
import type { ResourceType } from "./definition";
import { loadBalancer } from "./loadBalancer";
import { backendAddressPool, inboundNatRule } from "./loadBalancerParts";
import { natGateway } from "./natGateway";
import { networkInterface } from "./networkInterface";
import { networkSecurityGroup } from "./networkSecurityGroup";
import { publicIPAddress } from "./publicIPAddress";
import { publicIPPrefix } from "./publicIPPrefix";
import { resourceGroup } from "./resourceGroup";
import { roleAssignment } from "./roleAssignment";
import { roleDefinition } from "./roleDefinition";
import { securityRule } from "./securityRule";
import { sshPublicKey } from "./sshPublicKey";
import { subnet } from "./subnet";
import { userAssignedIdentity } from "./userAssignedIdentity";
import { virtualMachine } from "./virtualMachine";
import { virtualMachineScaleSet } from "./virtualMachineScaleSet";
import { virtualNetwork } from "./virtualNetwork";

export type { ResourceType } from "./definition";

/** All simulated types. */
export const resourceTypes: readonly ResourceType[] = [
  resourceGroup,
  virtualNetwork,
  subnet,
  networkSecurityGroup,
  securityRule,
  publicIPAddress,
  publicIPPrefix,
  natGateway,
  loadBalancer,
  backendAddressPool,
  inboundNatRule,
  networkInterface,
  virtualMachine,
  virtualMachineScaleSet,
  autoscaleSetting,
  sshPublicKey,
  roleDefinition,
  roleAssignment,
  userAssignedIdentity,
];

const byType = new Map(resourceTypes.map((known) => [keyOf(known.type), known]));
const byToken = new Map(resourceTypes.map((known) => [known.token, known]));
const byGetter = new Map(resourceTypes.map((known) => [known.getter, known]));

/** By Azure's name, in any case. */
export const typeNamed = (type: string): ResourceType | undefined =>
  byType.get(keyOf(type)) ?? declaredType(type);

/** Whether resources of a type are kept, and nothing more. */
export const isSimulated = (type: string): boolean => byType.has(keyOf(type));

/** By azure-native's token, or why there is none; one with an API version in it is not known. */
export function typeOfToken(token: string): Answer {
  const known = byToken.get(token);
  return known === undefined ? declaredToken(token) : { type: known };
}

/** By the token of azure-native's Get function. */
export const typeOfGetter = (token: string): ResourceType | undefined =>
  byGetter.get(token) ?? declaredGetter(token);

/** Namespaces of the known types. */
export const namespaces: readonly string[] = [
  ...new Set(resourceTypes.map(({ type }) => type.split("/")[0] ?? "")),
].sort();

/** The field of a type's properties that holds parts with ids of their own under `collection`. */
export function childrenIn(type: ResourceType, collection: string): string | undefined {
  const fields = Object.entries(type.shape.fields ?? {});
  return fields.find(
    ([name, { item, inner }]) =>
      inner === true &&
      keyOf(name) === keyOf(collection) &&
      item?.fields?.id !== undefined &&
      item.fields.provisioningState !== undefined,
  )?.[0];
}
