/** The catalogues of Compute: images by publisher, offer, SKU and version, and sizes of machines. */
import { refuse } from "../errors";
import { keyOf } from "../ids";
import { isRegion, regionNames } from "../regions";
import type { Body } from "../resource";
import { refusalsOf } from "../rules";
import { docs, quoted } from "../sources";
import { type Image, images } from "../types/virtualMachineImage";
import { page } from "./lists";
import { type Answer, ok, type RestRequest } from "./request";

const refusals = refusalsOf("Images and sizes", {
  region: {
    code: "NoRegisteredProviderFound",
    says: "A region is one that there is.",
    documented: docs.apiErrors,
  },
  image: {
    code: "NotFound",
    says: "A publisher, an offer, a SKU and a version are there.",
    http: 404,
    reported: quoted("Artifact: VMImage was not found"),
  },
});

/** The levels of the catalogue, outermost first; a version is the last. */
const LEVELS = ["publisher", "offer", "sku", "exactVersion"] as const;
type Level = (typeof LEVELS)[number];

/** Lists of names below the names that a path has; Azure answers with a bare list. */
export const listImages = (request: RestRequest, [, region = "", ...names]: string[]): Answer => {
  checkRegion(region);
  const level = LEVELS[names.length] as Level;
  const found = [...new Set(below(names).map((image) => image[level]))];
  if (found.length === 0) throw missing(request);
  return ok(found.map((name) => entry(request, region, name)));
};

/** One version of an image. */
export const oneImage = (request: RestRequest, [, region = "", ...names]: string[]): Answer => {
  checkRegion(region);
  const [image] = below(names);
  if (image === undefined) throw missing(request);
  return ok({
    ...entry(
      { ...request, path: request.path.replace(/\/[^/]+$/, "") },
      region,
      image.exactVersion,
    ),
    properties: {
      osDiskImage: { operatingSystem: "Linux", sizeInGb: 30 },
      dataDiskImages: [],
      automaticOSUpgradeProperties: { automaticOSUpgradeSupported: false },
      hyperVGeneration: `V${image.generation}`,
      architecture: image.architecture,
      features:
        image.generation === 2 ? [{ name: "SecurityType", value: "TrustedLaunchSupported" }] : [],
      imageDeprecationStatus: { imageState: "Active" },
    },
  });
};

const below = (names: readonly string[]): Image[] =>
  images.filter((image) =>
    names.every((name, i) => keyOf(image[LEVELS[i] as Level]) === keyOf(name)),
  );

const entry = ({ path }: RestRequest, location: string, name: string): Body => ({
  ...{ location, name, id: `${path}/${name}` },
});

function checkRegion(region: string): void {
  if (isRegion(region)) return;
  throw refuse(refusals.region, `No registered resource provider found for location '${region}'.`);
}

const missing = ({ path }: RestRequest) =>
  refuse(refusals.image, `Artifact: ${path.slice(0, 300)} was not found.`);

/** Families of sizes: the name around the number of processors, and gigabytes for each of them. */
const FAMILIES: readonly { name: (cores: number) => string; memory: number; arm?: true }[] = [
  { name: (n) => `Standard_D${n}s_v3`, memory: 4 },
  { name: (n) => `Standard_D${n}s_v5`, memory: 4 },
  { name: (n) => `Standard_D${n}as_v5`, memory: 4 },
  { name: (n) => `Standard_D${n}ps_v5`, memory: 4, arm: true },
  { name: (n) => `Standard_E${n}s_v5`, memory: 8 },
  { name: (n) => `Standard_F${n}s_v2`, memory: 2 },
];
const CORES = [2, 4, 8, 16, 32, 48, 64];
const MOST_DATA_DISKS = 32;

const SIZES = FAMILIES.flatMap(({ name, memory, arm }) =>
  CORES.map((cores) => ({ name: name(cores), cores, memory: cores * memory, arm: arm === true })),
);

/** Sizes in the form of a region's own list. */
export const listSizes = (request: RestRequest, [, region = ""]: string[]): Answer => {
  checkRegion(region);
  return page(
    request,
    SIZES.map(({ name, cores, memory }) => ({
      name,
      numberOfCores: cores,
      osDiskSizeInMB: 1047552,
      resourceDiskSizeInMB: 0,
      memoryInMB: memory * 1024,
      maxDataDiskCount: Math.min(2 * cores, MOST_DATA_DISKS),
    })),
  );
};

/** Sizes with what each can do, by region; a filter names the region. */
export const listSkus = (request: RestRequest): Answer => {
  const [, wanted] = /location eq '([^']*)'/i.exec(request.query.get("$filter") ?? "") ?? [];
  const regions = regionNames().filter((name) => wanted === undefined || keyOf(wanted) === name);
  return page(
    request,
    regions.flatMap((region) => SIZES.map((size) => skuIn(region, size))),
  );
};

function skuIn(region: string, { name, cores, memory, arm }: (typeof SIZES)[number]): Body {
  const size = name.replace("Standard_", "");
  const can = {
    vCPUs: cores,
    MemoryGB: memory,
    HyperVGenerations: arm ? "V2" : "V1,V2",
    CpuArchitectureType: arm ? "Arm64" : "x64",
    PremiumIO: "True",
    AcceleratedNetworkingEnabled: "True",
    MaxDataDiskCount: Math.min(2 * cores, MOST_DATA_DISKS),
  };
  return {
    resourceType: "virtualMachines",
    ...{ name, tier: "Standard", size },
    family: `standard${size.replace(/\d+/, "").replace("_", "").toUpperCase()}Family`,
    locations: [region],
    locationInfo: [{ location: region, zones: ["1", "2", "3"], zoneDetails: [] }],
    capabilities: Object.entries(can).map(([key, value]) => ({ name: key, value: String(value) })),
    restrictions: [],
  };
}
