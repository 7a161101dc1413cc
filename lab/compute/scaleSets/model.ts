/** One instance by the model of its scale set: its machine and its NICs. Pure. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import {
  asBodies,
  asBody,
  asText,
  type Body,
  type Child,
  type StoredResource,
} from "../../arm/resource";
import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";
import type { World } from "../../arm/world";

behavesSo(
  "Microsoft.Compute/virtualMachineScaleSets",
  {
    says: "A changed model reaches an instance when it is upgraded to it, userData too.",
    assumed: "userData is in no list of what needs an upgrade; the stricter reading.",
  },
  {
    says: "An upgrade to another image is a reimage, to another size a restart.",
    documented: docs.upgrade,
  },
  {
    says: "customData of a changed model reaches new disks only.",
    documented: docs.customData,
  },
);

/** Azure's name of scale sets. */
export const SCALE_SET_TYPE = "Microsoft.Compute/virtualMachineScaleSets";

/** Publisher and type of the extension that asks an instance for its health from inside. */
const HEALTH_EXTENSION = "microsoft.managedservices/applicationhealthlinux";

/** Names of an instance, before the model says what it is. */
export interface InstanceName {
  /** Eight hexadecimal digits, unique in the scale set. */
  suffix: string;
  /** Six characters that follow the computer name's prefix. */
  computerSuffix: string;
  zone?: string;
}

/** Requests that make an instance, in their order. */
export interface InstanceBodies {
  nics: { id: string; body: Body }[];
  vm: { id: string; body: Body };
}

/** The profile of a scale set's machines; empty if it has none. */
export const profileOf = (set: StoredResource): Body =>
  asBody(set.properties.virtualMachineProfile) ?? {};

/** Extensions of the model, in Azure's shape. */
export const extensionsOf = (set: StoredResource): Child[] =>
  asBodies(asBody(profileOf(set).extensionProfile)?.extensions) as Child[];

/** NIC configurations of the model. */
export const nicConfigurationsOf = (set: StoredResource): Child[] =>
  asBodies(asBody(profileOf(set).networkProfile)?.networkInterfaceConfigurations) as Child[];

/** Scale sets whose model names a resource, by id; also ones without instances keep it. */
export const modelsNaming = (id: string, world: Pick<World, "usersOf">): string[] =>
  world
    .usersOf(id)
    .filter((user) => user.type === SCALE_SET_TYPE)
    .map((user) => user.id);

/** Whether an extension is the one that reports health. */
export function isHealthExtension(extension: Body): boolean {
  const { publisher, type } = asBody(extension.properties) ?? {};
  return `${publisher}/${type}`.toLowerCase() === HEALTH_EXTENSION;
}

/**
 * Digest of a scale set's model: another one is a newer model, which reaches an instance
 * by an upgrade. Capacity, zones, tags and policies are not part of it.
 */
export function modelDigest(set: StoredResource): string {
  const { sku, identity, plan } = set;
  const { timeCreated: _, ...profile } = structuredClone(profileOf(set));
  const os = asBody(profile.osProfile);
  if (os !== undefined) delete os.adminPassword;
  for (const extension of asBodies(asBody(profile.extensionProfile)?.extensions)) {
    delete asBody(extension.properties)?.protectedSettings;
  }
  const model = { size: sku?.name, identity, plan, profile };
  return createHash("sha256").update(JSON.stringify(model)).digest("hex");
}

/** The requests that make an instance, or bring one to the model that the scale set has now. */
export function instanceBodies(set: StoredResource, name: InstanceName): InstanceBodies {
  const profile = profileOf(set);
  const machine = `${set.name}_${name.suffix}`;
  const scope = set.id.slice(0, set.id.toLowerCase().indexOf("/providers/"));
  const configurations = nicConfigurationsOf(set);
  const only = configurations.length === 1;
  const nics = configurations.map((configuration) => ({
    id: `${scope}/providers/Microsoft.Network/networkInterfaces/${configuration.name}-${name.suffix}`,
    body: nicBody(set, configuration),
    properties: {
      primary: only || asBody(configuration.properties)?.primary === true,
      deleteOption: asBody(configuration.properties)?.deleteOption ?? "Delete",
    },
  }));
  const { computerNamePrefix, ...os } = asBody(profile.osProfile) ?? {};
  const storage = asBody(profile.storageProfile);
  const body: Body = {
    location: set.location,
    tags: set.tags,
    identity: set.identity,
    plan: set.plan,
    zones: name.zone === undefined ? undefined : [name.zone],
    properties: {
      hardwareProfile: { vmSize: set.sku?.name },
      storageProfile: {
        ...storage,
        ...(asBody(storage?.osDisk) === undefined
          ? {}
          : { osDisk: { deleteOption: "Delete", ...asBody(storage?.osDisk) } }),
      },
      osProfile:
        profile.osProfile === undefined
          ? undefined
          : { ...os, computerName: `${asText(computerNamePrefix) ?? ""}${name.computerSuffix}` },
      networkProfile: { networkInterfaces: nics.map(({ id, properties }) => ({ id, properties })) },
      virtualMachineScaleSet: { id: set.id },
      securityProfile: profile.securityProfile,
      diagnosticsProfile: profile.diagnosticsProfile,
      scheduledEventsProfile: profile.scheduledEventsProfile,
      userData: profile.userData,
      licenseType: profile.licenseType,
      priority: profile.priority,
      additionalCapabilities: set.properties.additionalCapabilities,
    },
  };
  const id = `${scope}/providers/Microsoft.Compute/virtualMachines/${machine}`;
  return {
    nics: nics.map(({ id: nicId, body: nic }) => ({ id: nicId, body: structuredClone(nic) })),
    vm: { id, body: structuredClone(body) },
  };
}

function nicBody(set: StoredResource, configuration: Child): Body {
  const {
    ipConfigurations,
    primary: _,
    deleteOption: __,
    ...own
  } = asBody(configuration.properties) ?? {};
  return {
    location: set.location,
    tags: set.tags,
    properties: {
      ...own,
      ipConfigurations: (asBodies(ipConfigurations) as Child[]).map((part) => {
        const { gatewayLoadBalancer: ___, ...properties } = asBody(part.properties) ?? {};
        return { name: part.name, properties };
      }),
    },
  };
}

/** Acts that bring an instance to another model. */
export const UpgradeAct = { None: "none", Restart: "restart", Reimage: "reimage" } as const;
export type UpgradeAct = (typeof UpgradeAct)[keyof typeof UpgradeAct];

/**
 * The act that brings one machine to another: a change of the image needs a reimage, one of the
 * size a restart; everything else is taken as it is written. customData and credentials are read
 * from a new disk, and nothing says that an upgrade makes one for them.
 */
export function actFor(before: StoredResource, after: StoredResource): UpgradeAct {
  const storage = (vm: StoredResource) => asBody(vm.properties.storageProfile) ?? {};
  const reimaged = (vm: StoredResource) => {
    const { imageReference, osDisk } = storage(vm);
    const { securityProfile } = vm.properties;
    return { imageReference, osDisk, securityProfile };
  };
  if (!isDeepStrictEqual(reimaged(before), reimaged(after))) return UpgradeAct.Reimage;
  const { hardwareProfile } = after.properties;
  if (!isDeepStrictEqual(before.properties.hardwareProfile, hardwareProfile)) {
    return UpgradeAct.Restart;
  }
  return UpgradeAct.None;
}
