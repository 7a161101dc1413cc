/** Changes that a virtual machine takes, and the interfaces that it may have. */
import { isDeepStrictEqual } from "node:util";
import { notAllowed } from "../../compute/machineState";
import { isTerminating } from "../../compute/scheduledEvents";
import { type ArmError, refuse } from "../errors";
import { keyOf, sameId } from "../ids";
import { referenceProblems } from "../inUse";
import { asBodies, asBody, type Body, refOf, type StoredResource } from "../resource";
import { behavesSo, refusalsOf } from "../rules";
import { docs, issue, quoted } from "../sources";
import type { Put } from "../world";
import { machineOf } from "./networkInterfaceRules";

behavesSo("Microsoft.Compute/virtualMachines", {
  says: "A PUT keeps what the body leaves out of the properties that are fixed, and userData.",
  reported: issue("Azure/vm-scale-sets", 70),
});

const refusals = refusalsOf("Microsoft.Compute/virtualMachines", {
  fixed: {
    code: "PropertyChangeNotAllowed",
    says: "customData, user, keys, image, zones and further properties are fixed at creation.",
    http: 409,
    documented: `${docs.customData}; the code: ${docs.apiErrors}`,
  },
  nics: {
    code: "AddingOrDeletingNetworkInterfacesOnARunningVirtualMachineNotSupported",
    says: "The interfaces of a running machine stay.",
    http: 409,
    reported: `${quoted("AddingOrDeletingNetworkInterfacesOnARunningVirtualMachineNotSupported")}; the rule: ${docs.linux}`,
  },
  noNic: {
    code: "VirtualMachineMustHaveAtLeastOneNetworkInterface",
    says: "A machine has an interface.",
    ours: true,
    documented: docs.linux,
  },
  primary: {
    code: "VirtualMachineMustHaveOneNetworkInterfaceAsPrimary",
    says: "One of several interfaces is the primary one.",
    ours: true,
    assumed: "The API's types name the property; no source shows the code.",
  },
  nicTaken: {
    code: "NicInUse",
    says: "An interface is that of one machine.",
    reported: quoted("NicInUse"),
  },
  accelerated: {
    code: "VMSizeIsNotPermittedToEnableAcceleratedNetworking",
    says: "The size takes accelerated networking if an interface has it.",
    reported: quoted("VMSizeIsNotPermittedToEnableAcceleratedNetworking"),
  },
});

/** Properties that are fixed at creation, with the name that Azure gives in `target`. */
const FIXED: readonly [path: string, target: string][] = [
  ["properties.osProfile.customData", "osProfile.customData"],
  ["properties.osProfile.adminUsername", "osProfile.adminUsername"],
  ["properties.osProfile.computerName", "osProfile.computerName"],
  [
    "properties.osProfile.linuxConfiguration.disablePasswordAuthentication",
    "linuxConfiguration.disablePasswordAuthentication",
  ],
  ["properties.osProfile.linuxConfiguration.ssh.publicKeys", "linuxConfiguration.ssh.publicKeys"],
  [
    "properties.osProfile.linuxConfiguration.provisionVMAgent",
    "linuxConfiguration.provisionVMAgent",
  ],
  ["properties.storageProfile.imageReference", "imageReference"],
  ["properties.storageProfile.osDisk.name", "osDisk.name"],
  ["properties.storageProfile.osDisk.createOption", "osDisk.createOption"],
  ["properties.storageProfile.osDisk.osType", "osDisk.osType"],
  ["properties.storageProfile.osDisk.diffDiskSettings", "osDisk.diffDiskSettings"],
  ["properties.securityProfile.securityType", "securityProfile.securityType"],
  ["properties.availabilitySet", "availabilitySet"],
  ["properties.proximityPlacementGroup", "proximityPlacementGroup"],
  ["properties.virtualMachineScaleSet", "virtualMachineScaleSet"],
  ["properties.priority", "priority"],
  ["zones", "zones"],
  ["plan", "plan"],
];

/** Values that a write may leave out without meaning to remove them. */
const KEPT = [...FIXED.map(([path]) => path), "properties.userData"];

const at = (resource: Body, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => asBody(value)?.[key], resource);

/** Takes over what the request does not say: a PUT without customData or userData changes neither. */
export function keepUnsaid(desired: StoredResource, existing: StoredResource): void {
  for (const path of KEPT) {
    const before = at(existing, path);
    if (before === undefined || at(desired, path) !== undefined) continue;
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    let holder: Body = desired;
    for (const key of keys) {
      holder[key] ??= {};
      holder = holder[key] as Body;
    }
    holder[last] = structuredClone(before);
  }
}

/** Changes that Azure answers with 409 `PropertyChangeNotAllowed`. */
export function* unchangeable({ desired, existing, byService }: Put): Generator<ArmError> {
  if (existing === undefined || byService === true) return;
  for (const [path, target] of FIXED) {
    if (isDeepStrictEqual(at(desired, path), at(existing, path))) continue;
    yield refuse(refusals.fixed, `Changing property '${target}' is not allowed.`, target);
  }
  const nics = (vm: StoredResource) =>
    asBodies(asBody(vm.properties.networkProfile)?.networkInterfaces).map((nic) =>
      keyOf(refOf(nic) ?? ""),
    );
  if (!isDeepStrictEqual(nics(desired).sort(), nics(existing).sort())) {
    yield refuse(
      refusals.nics,
      `Network interfaces of the running virtual machine ${desired.name} cannot be added or deleted.`,
      "networkProfile.networkInterfaces",
    );
  }
}

/** A VM whose delete waits for its notice takes no write any more. */
export function* terminatingProblems({ existing, byService }: Put): Generator<ArmError> {
  if (byService !== true && existing !== undefined && isTerminating(existing)) {
    yield notAllowed(existing, "write", "marked for deletion");
  }
}

/** Interfaces: at least one, all there, none at another machine, one of them primary. */
export function* networkProblems(put: Put): Generator<ArmError> {
  const nics = asBodies(asBody(put.desired.properties.networkProfile)?.networkInterfaces);
  if (nics.length === 0) {
    yield refuse(
      refusals.noNic,
      `Virtual machine ${put.desired.name} must have at least one network interface.`,
      "networkProfile.networkInterfaces",
    );
  }
  const primaries = nics.filter((nic) => asBody(nic.properties)?.primary === true).length;
  if (nics.length > 1 && primaries !== 1) {
    yield refuse(
      refusals.primary,
      `Virtual machine ${put.desired.name} must have one network interface set as primary; it has ${primaries}.`,
      "networkProfile.networkInterfaces",
    );
  }
  for (const [i, nic] of nics.entries()) {
    const id = refOf(nic);
    const path = `properties.networkProfile.networkInterfaces[${i}]`;
    const wrong = [...referenceProblems(put, id, ["Microsoft.Network/networkInterfaces"], path)];
    yield* wrong;
    if (wrong.length > 0 || id === undefined) continue;
    const other = machineOf(id, put.world);
    if (other !== undefined && !sameId(other.id, put.desired.id)) {
      yield refuse(
        refusals.nicTaken,
        `Network Interface ${id} is used by existing resource ${other.id}. In order to delete the network interface, it must be dissociated from the resource.`,
        path,
      );
    }
    yield* acceleratedProblems(put, id, path);
  }
}

/** The first burstable series takes accelerated networking only in its large sizes. */
function* acceleratedProblems(put: Put, nicId: string, path: string): Generator<ArmError> {
  const size = String(asBody(put.desired.properties.hardwareProfile)?.vmSize ?? "");
  const [, cores] = /^Standard_B(\d+)[a-z]*$/.exec(size) ?? [];
  if (cores === undefined || Number(cores) >= 12) return;
  if (put.world.get(nicId)?.properties.enableAcceleratedNetworking !== true) return;
  yield refuse(
    refusals.accelerated,
    `VM size ${size} of ${put.desired.name} does not support accelerated networking, which ${nicId} has enabled.`,
    path,
  );
}
