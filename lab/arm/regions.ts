/** Azure's regions and the forms of their names. */

const REGIONS = new Set(
  (
    "eastus eastus2 centralus northcentralus southcentralus westcentralus westus westus2 westus3 " +
    "canadacentral canadaeast mexicocentral brazilsouth brazilsoutheast chilecentral " +
    "northeurope westeurope uksouth ukwest francecentral francesouth germanywestcentral germanynorth " +
    "switzerlandnorth switzerlandwest norwayeast norwaywest swedencentral polandcentral italynorth " +
    "spaincentral austriaeast belgiumcentral denmarkeast " +
    "uaenorth uaecentral qatarcentral israelcentral southafricanorth southafricawest " +
    "australiaeast australiasoutheast australiacentral newzealandnorth " +
    "eastasia southeastasia japaneast japanwest koreacentral koreasouth centralindia southindia " +
    "westindia indonesiacentral malaysiawest"
  ).split(" "),
);

/** `West Europe` and `westeurope` are the same region; answers have the second form. */
export const canonicalRegion = (name: string): string => name.toLowerCase().replaceAll(" ", "");

/** True for a region that exists. */
export const isRegion = (name: string): boolean => REGIONS.has(canonicalRegion(name));

/** All regions. */
export const regionNames = (): string[] => [...REGIONS];
