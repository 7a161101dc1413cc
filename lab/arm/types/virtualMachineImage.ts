/** Sizes and images of virtual machines, as far as the library and its users meet them. */
import { type ArmError, refuse } from "../errors";
import { asBody, asText, type Body } from "../resource";
import { refusalsOf } from "../rules";
import { docs, quoted, recordings } from "../sources";
import type { Put } from "../world";

const refusals = refusalsOf("Microsoft.Compute/virtualMachines", {
  size: {
    code: "InvalidParameter",
    says: "The size has the form of one that there is.",
    assumed: "The lab has no list of sizes: it takes each series with any number and any features.",
  },
  absent: {
    code: "InvalidParameter",
    says: "A machine has an image and a disk.",
    assumed:
      "The sentence is Compute's own for a parameter that is missing; no source shows these.",
  },
  names: {
    code: "InvalidParameter",
    says: "Publisher, offer and SKU of an image are names.",
    recorded: `PUT of a scale set with a publisher of other characters; ${recordings.operator}`,
  },
  noImage: {
    code: "PlatformImageNotFound",
    says: "The image is in the catalogue; the lab's has what the library and its users meet.",
    http: 404,
    reported: quoted("PlatformImageNotFound"),
  },
  architecture: {
    code: "BadRequest",
    says: "An image runs on a size of its own architecture.",
    assumed: "It cannot boot; no source shows the code.",
  },
  disk: {
    code: "OperationNotAllowed",
    says: "The disk is as large as the image's.",
    http: 409,
    reported: `${quoted("OperationNotAllowed+smaller+than+the+size+of+the+corresponding+disk")}; an older sentence: ${docs.machineErrors}`,
  },
  generation: {
    code: "BadRequest",
    says: "Trusted Launch has an image of generation 2.",
    documented: docs.trustedLaunch,
  },
  sizeTrusted: {
    code: "BadRequest",
    says: "Trusted Launch has a size that supports it: not A, Dv2, Dv3.",
    documented: docs.trustedLaunch,
  },
  uefi: {
    code: "InvalidParameter",
    says: "UEFI settings come with Trusted Launch or a confidential machine.",
    assumed: "They mean nothing without; no source shows the refusal.",
  },
  hostEncryption: {
    code: "InvalidParameter",
    says: "Encryption at host is registered in the subscription first; in the lab it never is.",
    reported: "https://github.com/epomatti/az-vm-disk-encryption",
  },
});

/** A platform image. */
export interface Image {
  publisher: string;
  offer: string;
  sku: string;
  generation: 1 | 2;
  architecture: "x64" | "Arm64";
  /** The version that `latest` stands for today. */
  exactVersion: string;
}

const UBUNTU_24 = { publisher: "Canonical", offer: "ubuntu-24_04-lts" };
const UBUNTU_22 = { publisher: "Canonical", offer: "0001-com-ubuntu-server-jammy" };
const DEBIAN_12 = { publisher: "Debian", offer: "debian-12" };

const series = (
  of: Pick<Image, "publisher" | "offer">,
  exactVersion: string,
  ...skus: [sku: string, generation: 1 | 2, architecture?: "Arm64"][]
): Image[] =>
  skus.map(([sku, generation, architecture = "x64" as const]) => ({
    ...{ ...of, sku, generation, architecture, exactVersion },
  }));

/** All images that the embedded Azure has. */
export const images: readonly Image[] = [
  ...series(
    UBUNTU_24,
    "24.04.202608040",
    ["server", 2],
    ["server-gen1", 1],
    ["server-arm64", 2, "Arm64"],
    ["minimal", 2],
    ["minimal-arm64", 2, "Arm64"],
  ),
  ...series(UBUNTU_22, "22.04.202608030", ["22_04-lts", 1], ["22_04-lts-gen2", 2]),
  ...series(DEBIAN_12, "0.20260801.2190", ["12", 1], ["12-gen2", 2]),
];

const IMAGES = new Map(
  images.map((one) => [`${one.publisher}/${one.offer}/${one.sku}`.toLowerCase(), one]),
);

/** The image that a reference names, or undefined. */
export function imageOf(reference: Body): Image | undefined {
  const { publisher, offer, sku } = reference;
  return IMAGES.get(`${publisher}/${offer}/${sku}`.toLowerCase());
}

/** The version that a reference means today: its own, or what `latest` stands for. */
export const exactVersionOf = (reference: Body): string | undefined =>
  reference.version === "latest" ? imageOf(reference)?.exactVersion : asText(reference.version);

/** Series letters that exist. */
const SERIES = /^Standard_(A|B|D|DC|DS|E|EC|F|FX|G|GS|H|HB|HC|HX|L|M|N|NC|ND|NP|NV)(\d+)/;
const SIZE = /^Standard_[A-Z]+\d+(-\d+)?[a-z]*(_[A-Za-z0-9]+)?(_v\d+)?$/;
/** Series without Trusted Launch: A, Dv2, Dv3. */
const NO_TRUSTED_LAUNCH = /^Standard_(A\d|DS?\d+(-\d+)?_v2|D\d+s?_v3)/;
/** A `p` among the small letters after the number says Arm. */
const ARM = /^Standard_[A-Z]+\d+(-\d+)?[a-oq-z]*p/;

const sizeOf = (put: Put): string =>
  asText(asBody(put.desired.properties.hardwareProfile)?.vmSize) ?? "Standard_D2s_v3";

/** The size: one that can exist. */
export function* sizeProblems(put: Put): Generator<ArmError> {
  const size = sizeOf(put);
  if (SERIES.test(size) && SIZE.test(size)) return;
  yield refuse(refusals.size, `The value ${size} provided for the VM size is not valid.`, "vmSize");
}

/** The image, and what it must have for the security type and the size. */
export function* imageProblems(put: Put): Generator<ArmError> {
  const storage = asBody(put.desired.properties.storageProfile);
  const reference = asBody(storage?.imageReference);
  const disk = asBody(storage?.osDisk);
  if (reference === undefined || disk === undefined) {
    yield refuse(
      refusals.absent,
      `Required parameter 'storageProfile.${reference === undefined ? "imageReference" : "osDisk"}' is missing (null).`,
      "storageProfile",
    );
    return;
  }
  const found = imageOf(reference);
  const { publisher, offer, sku, version } = reference;
  for (const [part, value] of Object.entries({ publisher, offer, sku })) {
    if (/^[A-Za-z0-9._-]+$/.test(String(value))) continue;
    yield refuse(
      refusals.names,
      `The value of parameter imageReference.${part} is invalid.`,
      `imageReference.${part}`,
    );
    return;
  }
  if (found === undefined || !/^(latest|\d+\.\d+\.\d+)$/.test(String(version))) {
    yield refuse(
      refusals.noImage,
      `The platform image '${publisher}:${offer}:${sku}:${version}' is not available. Verify that all fields in the storage profile are correct.`,
      "imageReference",
    );
    return;
  }
  const size = sizeOf(put);
  if ((found.architecture === "Arm64") !== ARM.test(size)) {
    yield refuse(
      refusals.architecture,
      `The image is ${found.architecture}, which size ${size} cannot run.`,
      "vmSize",
    );
  }
  if (typeof disk.diskSizeGB === "number" && disk.diskSizeGB < 30) {
    yield refuse(
      refusals.disk,
      `The specified disk size ${disk.diskSizeGB} GB is smaller than the size of the corresponding disk in the VM image: 30 GB.`,
      "osDisk.diskSizeGB",
    );
  }
  yield* securityProblems(put, found, size);
}

/** Trusted Launch needs a Gen2 image and a size that has it; its parts do not work without. */
function* securityProblems(put: Put, found: Image, size: string): Generator<ArmError> {
  const profile = asBody(put.desired.properties.securityProfile);
  if (profile === undefined) return;
  if (profile.securityType === "TrustedLaunch" && found.generation !== 2) {
    yield refuse(
      refusals.generation,
      "The selected VM image is not supported for Trusted Launch: it must be a Gen2 image.",
      "securityProfile.securityType",
    );
  }
  if (profile.securityType === "TrustedLaunch" && NO_TRUSTED_LAUNCH.test(size)) {
    yield refuse(
      refusals.sizeTrusted,
      `The VM size '${size}' is not supported for creation of VMs and Virtual Machine Scale Set with 'TrustedLaunch' security type.`,
      "vmSize",
    );
  }
  const trusted =
    profile.securityType === "TrustedLaunch" || profile.securityType === "ConfidentialVM";
  if (profile.uefiSettings !== undefined && !trusted) {
    yield refuse(
      refusals.uefi,
      "The property 'securityProfile.uefiSettings' needs securityProfile.securityType TrustedLaunch.",
      "securityProfile.uefiSettings",
    );
  }
  if (profile.encryptionAtHost === true) {
    yield refuse(
      refusals.hostEncryption,
      "The property 'securityProfile.encryptionAtHost' is not valid because the 'Microsoft.Compute/EncryptionAtHost' feature is not enabled for this subscription.",
      "securityProfile.encryptionAtHost",
    );
  }
}
