/** Public entries of a resource that can be chained to a gateway, and why others cannot. Pure. */

/** The outcome for one public entry of a resource. */
export const ChainOutcome = {
  /** It has the chain now. */
  Chained: "chained",
  /** Its program chains it by itself, to whatever gateway. */
  Own: "chained by its program",
  /** A tag of the resource says why it stays open. */
  Exempt: "exempt",
  /** It has no public address, so nothing from the internet comes in. */
  Internal: "internal",
  /** It is public and stays open: Azure has no chain for it. */
  Open: "open",
  /** Only the deployment will tell. */
  Unknown: "not known yet",
} as const;
export type ChainOutcome = (typeof ChainOutcome)[keyof typeof ChainOutcome];

/** One public entry, or what looked like one. */
export interface ChainFinding {
  /** Type of the resource as the program declares it, API version included. */
  type: string;
  /** Logical name of the resource. */
  resource: string;
  /** Path in its inputs, such as `frontendIPConfigurations[0]`; empty for the whole resource. */
  path: string;
  /** Its name; empty when it has none. */
  entry: string;
  outcome: ChainOutcome;
  /** Why, in a few words. */
  reason: string;
}

/** By what exemptions are told. */
export interface Exemptions {
  /** Tag whose value is the reason. */
  tag: string;
  /** Shortest reason that counts, in characters. */
  minimumLength: number;
}

/** A resource as a program declares it. Values that are not known yet are `Later`. */
export interface DeclaredResource {
  type: string;
  name: string;
  inputs: Readonly<Record<string, unknown>>;
}

/** The steps for a resource. */
export interface ChainPlan {
  findings: ChainFinding[];
  /** Entries that get the chain: the input that holds them, and their places in it. */
  chain?: { input: string; places: readonly number[] };
  /** Inputs that must be known before anything can be said; the findings are empty then. */
  waitsFor?: readonly string[];
}

/** True for a value that only the deployment brings. */
export type IsLater = (value: unknown) => boolean;

/** Version of a public address that the program declares, by its Azure id; undefined if unknown. */
export type AddressVersion = (id: unknown) => string | undefined;

/** Chains came with this version of the network API; older ones refuse or drop the property. */
const FIRST_API = "20210201";

const TEMPLATE =
  "Azure chains no address of an interface made from a template: publish by a load balancer's frontend";
/** Other things with public addresses, which Azure does not chain. */
const NEVER: Readonly<Record<string, string>> = {
  "azure-native:network:NatGateway":
    "a NAT gateway cannot be chained: what its subnets open goes past the gateway",
  "azure-native:network:ApplicationGateway": "an application gateway cannot be chained",
  "azure-native:network:AzureFirewall": "an Azure Firewall cannot be chained",
  "azure-native:network:BastionHost": "a bastion cannot be chained",
  "azure-native:network:VirtualNetworkGateway": "a virtual network gateway cannot be chained",
};

const LOAD_BALANCER = "azure-native:network:LoadBalancer";
const NETWORK_INTERFACE = "azure-native:network:NetworkInterface";

/** The inputs that decide about a resource; none for a type without public entries. */
export function decidingInputs(type: string): readonly string[] {
  switch (plainType(type)) {
    case LOAD_BALANCER:
      return ["sku", "tags", "backendAddressPools", "frontendIPConfigurations"];
    case NETWORK_INTERFACE:
      return ["tags", "ipConfigurations"];
    case "azure-native:compute:VirtualMachine":
      return ["tags", "networkProfile"];
    case "azure-native:compute:VirtualMachineScaleSet":
      return ["tags", "virtualMachineProfile"];
    default:
      return NEVER[plainType(type)] === undefined ? [] : ["tags"];
  }
}

/** The steps for a resource; `undefined` when it is none of a chain's business. */
export function planChains(
  declared: DeclaredResource,
  exemptions: Exemptions,
  isLater: IsLater,
  addressVersion: AddressVersion = () => undefined,
): ChainPlan | undefined {
  const inputs = decidingInputs(declared.type);
  if (inputs.length === 0) return undefined;
  const late = inputs.filter((name) => {
    const value = declared.inputs[name];
    return isLater(value) || (Array.isArray(value) && value.some(isLater));
  });
  if (late.length > 0) return { findings: [], waitsFor: late };
  const plan = planKnown(declared, isLater, addressVersion);
  return plan && exempted(plan, declared, exemptions, isLater);
}

function planKnown(
  declared: DeclaredResource,
  isLater: IsLater,
  addressVersion: AddressVersion,
): ChainPlan | undefined {
  const { inputs } = declared;
  switch (plainType(declared.type)) {
    case LOAD_BALANCER: {
      const sku = record(inputs.sku);
      if (sameWord(sku.name, "Gateway")) return undefined;
      const input = "frontendIPConfigurations";
      return entries(declared, input, loadBalancerReason(declared, sku), isLater, addressVersion);
    }
    case NETWORK_INTERFACE:
      return entries(declared, "ipConfigurations", undefined, isLater, addressVersion);
    case "azure-native:compute:VirtualMachine":
      return templates(declared, inputs, "");
    case "azure-native:compute:VirtualMachineScaleSet": {
      const profile = record(inputs.virtualMachineProfile);
      return templates(declared, profile, "virtualMachineProfile.");
    }
    default: {
      const reason = NEVER[plainType(declared.type)];
      return reason === undefined || !hasAddress(declared.inputs, isLater)
        ? undefined
        : { findings: [finding(declared, "", ChainOutcome.Open, reason)] };
    }
  }
}

/** Why no frontend of a load balancer can be chained; undefined if they can. */
function loadBalancerReason(
  { inputs }: DeclaredResource,
  sku: Record<string, unknown>,
): string | undefined {
  const name = typeof sku.name === "string" ? sku.name : "Basic, the default";
  if (!sameWord(sku.name, "Standard")) return `its SKU is ${name}; a chain needs Standard`;
  if (sameWord(sku.tier, "Global")) return "its tier is Global; a chain needs a regional one";
  if (list(inputs.backendAddressPools).some((pool) => isSet(record(pool).syncMode))) {
    return "a pool has syncMode, and a load balancer over subscriptions cannot be chained";
  }
  return undefined;
}

function entries(
  declared: DeclaredResource,
  input: string,
  never: string | undefined,
  isLater: IsLater,
  addressVersion: AddressVersion,
): ChainPlan {
  const places: number[] = [];
  const findings = list(declared.inputs[input]).map((value, index) => {
    const entry = record(value);
    const at = (outcome: ChainOutcome, reason: string) =>
      finding(declared, `${input}[${index}]`, outcome, reason, entry.name);
    if (!isSet(entry.publicIPAddress) && !isSet(entry.publicIPPrefix)) {
      return at(ChainOutcome.Internal, "it has no public address");
    }
    if (isSet(entry.gatewayLoadBalancer)) {
      const { id } = record(entry.gatewayLoadBalancer);
      const where = isLater(id) || typeof id !== "string" ? "a gateway" : id;
      return at(ChainOutcome.Own, `left with ${where}`);
    }
    const reason = never ?? apiReason(declared.type) ?? versionReason(entry, addressVersion);
    if (reason !== undefined) return at(ChainOutcome.Open, reason);
    places.push(index);
    return at(ChainOutcome.Chained, "");
  });
  return { findings, ...(places.length === 0 ? {} : { chain: { input, places } }) };
}

/** The gateway's frontend is IPv4, and a chain needs the same version on both sides. */
function versionReason(
  entry: Record<string, unknown>,
  addressVersion: AddressVersion,
): string | undefined {
  const address = record(entry.publicIPAddress);
  const version =
    addressVersion(address.id) ?? address.publicIPAddressVersion ?? entry.privateIPAddressVersion;
  return sameWord(version, "IPv6") ? "it is IPv6, and the gateway's frontend is IPv4" : undefined;
}

/** Interfaces that Azure makes from a template have no field for a chain. */
function templates(
  declared: DeclaredResource,
  profile: Record<string, unknown>,
  prefix: string,
): ChainPlan | undefined {
  const interfaces = list(record(profile.networkProfile).networkInterfaceConfigurations);
  const findings = interfaces.flatMap((nic, i) =>
    list(record(nic).ipConfigurations).flatMap((configuration, j) => {
      if (!isSet(record(configuration).publicIPAddressConfiguration)) return [];
      const place = `networkInterfaceConfigurations[${i}].ipConfigurations[${j}]`;
      const path = `${prefix}networkProfile.${place}`;
      const { name } = record(configuration);
      return [finding(declared, path, ChainOutcome.Open, TEMPLATE, name)];
    }),
  );
  return findings.length === 0 ? undefined : { findings };
}

/**
 * The plan of a resource whose tag says why it may stay open; the tag counts for all its entries.
 */
function exempted(
  plan: ChainPlan,
  { inputs }: DeclaredResource,
  { tag, minimumLength }: Exemptions,
  isLater: IsLater,
): ChainPlan {
  const value = record(inputs.tags)[tag];
  if (value === undefined || value === null || isLater(value)) return plan;
  const reason = String(value).trim();
  const wouldStayOpen = (found: ChainFinding) =>
    found.outcome === ChainOutcome.Chained || found.outcome === ChainOutcome.Open;
  if (reason.length < minimumLength) {
    const short = `the tag "${tag}" wants a reason of ${minimumLength} characters, got "${value}"`;
    return {
      ...plan,
      findings: plan.findings.map((found) =>
        wouldStayOpen(found) ? { ...found, reason: joined(found.reason, short) } : found,
      ),
    };
  }
  return {
    findings: plan.findings.map((found) =>
      wouldStayOpen(found) ? { ...found, outcome: ChainOutcome.Exempt, reason } : found,
    ),
  };
}

/** One line for a finding. */
export function findingText({ path, entry, outcome, reason }: ChainFinding): string {
  const where = [path, entry === "" ? "" : `("${entry}")`, outcome].filter((text) => text !== "");
  return [where.join(" "), reason].filter((text) => text !== "").join(": ");
}

/**
 * The type without the API version that packages of a single version put into it:
 * `azure-native:network/v20240501:LoadBalancer` and `azure-native_network_v20240501:network:…` are
 * the same resource.
 */
export function plainType(type: string): string {
  const [provider = "", module = "", name = ""] = type.split(":");
  return [provider.split("_")[0], module.split("/")[0], name].join(":");
}

/** Why a resource of this API version cannot carry a chain. */
function apiReason(type: string): string | undefined {
  const version = /[/_]v(\d{8})/.exec(type)?.[1];
  if (version === undefined || version >= FIRST_API) return undefined;
  return `API version ${version} knows no chains: declare it with ${FIRST_API} or newer`;
}

const finding = (
  { type, name }: DeclaredResource,
  path: string,
  outcome: ChainOutcome,
  reason: string,
  entry: unknown = "",
): ChainFinding => ({
  ...{ type, resource: name, path, outcome, reason },
  entry: typeof entry === "string" ? entry : "",
});

const joined = (...texts: string[]) => texts.filter((text) => text !== "").join("; ");

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

const sameWord = (value: unknown, word: string): boolean =>
  typeof value === "string" && value.localeCompare(word, "en", { sensitivity: "base" }) === 0;

/** Whether a resource that is never chained has a public address at all. */
function hasAddress(inputs: Readonly<Record<string, unknown>>, isLater: IsLater): boolean {
  const names = /^public(IP|Ip)(Address|Addresses|Prefix|Prefixes)$/;
  const isThere = (value: unknown) => isSet(value) && !(Array.isArray(value) && value.length === 0);
  const walk = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.some(walk);
    if (typeof value !== "object" || value === null || isLater(value)) return false;
    return Object.entries(value).some(
      ([name, item]) => (names.test(name) && isThere(item)) || walk(item),
    );
  };
  return walk(inputs);
}
