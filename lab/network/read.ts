/** Store snapshot → model. `problems` names what no packet can be given. Pure. */
import { parseAddress, parseNetwork } from "../../components/azure/addresses";
import { isDeclared } from "../arm/declared";
import { faultsOf } from "../arm/faults";
import { parseId } from "../arm/ids";
import {
  asBody,
  asText,
  asTexts,
  type Body,
  type Child,
  childrenOf,
  refOf,
  type StoredResource,
} from "../arm/resource";
import type { StoreSnapshot } from "../arm/store";
import { machineStateOf } from "../compute/machineState";
import { SCALE_SET_TYPE } from "../compute/scaleSets/model";
import { readHealthCheck } from "../compute/scaleSets/readHealth";
import { readScaleSet } from "../compute/scaleSets/readScaleSet";
import { eventsOf } from "../compute/scheduledEvents";
import type { IpConfiguration, Model, Nic, Subnet, Vm, Vnet } from "./model";
import { readLoadBalancer } from "./readLoadBalancer";
import { readSecurityGroup } from "./readSecurityGroup";
import { publicAddressOf, refKey } from "./readValues";

/** Types that need nothing of the data path. */
const SILENT = new Set([
  "microsoft.resources/resourcegroups",
  "microsoft.compute/sshpublickeys",
  "microsoft.compute/virtualmachinescalesets",
  "microsoft.insights/autoscalesettings",
  "microsoft.network/publicipaddresses",
  "microsoft.network/publicipprefixes",
  "microsoft.managedidentity/userassignedidentities",
  "microsoft.authorization/roleassignments",
  "microsoft.authorization/roledefinitions",
]);

/** Reads a snapshot; resources of types without a data path go into `problems`. */
export function readModel(snapshot: StoreSnapshot): Model {
  const model: Model = {
    seq: snapshot.seq,
    vnets: [],
    subnets: new Map(),
    securityGroups: new Map(),
    nics: [],
    vms: [],
    loadBalancers: [],
    natGateways: new Map(),
    scaleSets: [],
    problems: [],
  };
  const resources = [...snapshot.resources.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const vms: StoredResource[] = [];
  const balancers: StoredResource[] = [];
  for (const resource of resources) {
    const type = resource.type.toLowerCase();
    if (type === "microsoft.network/virtualnetworks") readVnet(resource, model);
    else if (type === "microsoft.network/networksecuritygroups") {
      const group = readSecurityGroup(resource, model.problems);
      model.securityGroups.set(group.id, group);
    } else if (type === "microsoft.network/networkinterfaces") {
      model.nics.push(readNic(resource, snapshot, model));
    } else if (type === "microsoft.network/natgateways") {
      readNatGateway(resource, snapshot, model);
    } else if (type === "microsoft.network/loadbalancers") balancers.push(resource);
    else if (type === "microsoft.compute/virtualmachines") vms.push(resource);
    else if (!SILENT.has(type) && !isDeclared(type)) {
      model.problems.push(`${resource.name}: packets know nothing of ${resource.type}`);
    }
  }
  model.loadBalancers = balancers.map((lb) => readLoadBalancer(lb, snapshot, model));
  const names = vms.map((vm) => vm.name.toLowerCase());
  model.vms = vms.map((vm) => {
    const unique = names.filter((name) => name === vm.name.toLowerCase()).length === 1;
    return readVm(vm, unique, model);
  });
  model.scaleSets = resources
    .filter(({ type }) => type === SCALE_SET_TYPE)
    .map((set) => readScaleSet(set, vms, model));
  return model;
}

function readVnet(resource: StoredResource, model: Model): void {
  const isV4 = (prefix: string) => parseNetwork(prefix)?.family === 4;
  const space = asTexts(asBody(resource.properties.addressSpace)?.addressPrefixes);
  const vnet: Vnet = {
    id: resource.id.toLowerCase(),
    name: resource.name,
    space: space.filter(isV4),
  };
  if (space.some((prefix) => !isV4(prefix))) {
    model.problems.push(`${resource.name}: IPv6 is not carried`);
  }
  if (childrenOf(resource, "virtualNetworkPeerings").length > 0) {
    model.problems.push(`${resource.name}: peerings are not carried`);
  }
  model.vnets.push(vnet);
  for (const child of childrenOf(resource, "subnets")) {
    const { properties } = child;
    const single = asText(properties.addressPrefix);
    const prefixes = asTexts(properties.addressPrefixes).concat(single === undefined ? [] : single);
    const subnet: Subnet = {
      id: child.id.toLowerCase(),
      vnetId: vnet.id,
      prefixes: [...new Set(prefixes)].filter(isV4),
      securityGroupId: refKey(properties.networkSecurityGroup),
      natGatewayId: refKey(properties.natGateway),
      defaultOutbound: properties.defaultOutboundAccess !== false,
    };
    if (properties.routeTable !== undefined) {
      model.problems.push(`${resource.name}/${child.name}: route tables are not carried`);
    }
    model.subnets.set(subnet.id, subnet);
  }
}

function readNic(resource: StoredResource, snapshot: StoreSnapshot, model: Model): Nic {
  const all = childrenOf(resource, "ipConfigurations");
  const configurations = [...all]
    .sort((a, b) => Number(b.properties.primary === true) - Number(a.properties.primary === true))
    .flatMap((child) => readConfiguration(resource, child, snapshot, model.problems));
  const [first] = configurations;
  const mac = asText(resource.properties.macAddress) ?? "00-0D-3A-00-00-00";
  return {
    id: resource.id.toLowerCase(),
    name: resource.name,
    vnetId: first?.subnetId.replace(/\/subnets\/[^/]+$/, "") ?? "",
    mac: mac.toLowerCase().replaceAll("-", ":"),
    securityGroupId: refKey(resource.properties.networkSecurityGroup),
    ipForwarding: resource.properties.enableIPForwarding === true,
    configurations,
  };
}

function readConfiguration(
  nic: StoredResource,
  child: Child,
  snapshot: StoreSnapshot,
  problems: string[],
): IpConfiguration[] {
  const { properties } = child;
  const address = asText(properties.privateIPAddress);
  const subnetId = refKey(properties.subnet);
  if (address === undefined || subnetId === undefined) return [];
  if (parseAddress(address)?.family !== 4) {
    problems.push(`${nic.name}/${child.name}: IPv6 addresses are not carried`);
    return [];
  }
  const refs = (value: unknown) =>
    (Array.isArray(value) ? value : []).flatMap((item) => refKey(item) ?? []);
  if (refs(properties.applicationSecurityGroups).length > 0) {
    problems.push(`${nic.name}/${child.name}: application security groups are not carried`);
  }
  return [
    {
      id: child.id.toLowerCase(),
      address,
      subnetId,
      ...publicAddressOf(properties.publicIPAddress, snapshot, problems),
      chain: refKey(properties.gatewayLoadBalancer),
      pools: refs(properties.loadBalancerBackendAddressPools),
      natRules: refs(properties.loadBalancerInboundNatRules),
    },
  ];
}

function readNatGateway(resource: StoredResource, snapshot: StoreSnapshot, model: Model): void {
  const addresses = resource.properties.publicIpAddresses;
  const references = Array.isArray(addresses) ? addresses : [];
  if (references.length > 1) {
    model.problems.push(`${resource.name}: only the first public address of a NAT gateway is used`);
  }
  const id = resource.id.toLowerCase();
  const found = publicAddressOf(references[0], snapshot, model.problems);
  if (found.publicAddress === undefined) {
    model.problems.push(`${resource.name}: a NAT gateway without public IP address sends nothing`);
  }
  model.natGateways.set(id, { id, ...found });
}

function readVm(resource: StoredResource, unique: boolean, model: Model): Vm {
  const { properties } = resource;
  const os = asBody(properties.osProfile) ?? {};
  const linux = asBody(os.linuxConfiguration) ?? {};
  const keys = asBody(linux.ssh)?.publicKeys;
  const group = parseId(resource.id)?.resourceGroup ?? "";
  const id = resource.id.toLowerCase();
  const nics = nicsOf(properties, model);
  for (const nic of nics) nic.vmId = id;
  return {
    id,
    name: resource.name,
    place: unique ? resource.name : `${group}/${resource.name}`,
    uuid: asText(properties.vmId) ?? resource.name,
    location: resource.location ?? "",
    zone: resource.zones?.[0],
    size: asText(asBody(properties.hardwareProfile)?.vmSize) ?? "",
    tags: resource.tags ?? {},
    computerName: asText(os.computerName) ?? resource.name,
    adminUsername: asText(os.adminUsername),
    sshKeys: (Array.isArray(keys) ? keys : []).flatMap((key) => asText(asBody(key)?.keyData) ?? []),
    customData: asText(os.customData),
    userData: asText(properties.userData),
    nics,
    scaleSetId: refKey(properties.virtualMachineScaleSet),
    health: readHealthCheck(resource),
    state: machineStateOf(resource),
    events: eventsOf(resource),
    faults: faultsOf(resource),
    group: refKey(properties.availabilitySet) ?? refKey(properties.virtualMachineScaleSet) ?? id,
    scaleSet: refOf(properties.virtualMachineScaleSet)?.split("/").pop(),
  };
}

function nicsOf(properties: Body, model: Model): Nic[] {
  const listed = asBody(properties.networkProfile)?.networkInterfaces;
  const entries = (Array.isArray(listed) ? listed : []).map((entry) => ({
    id: refKey(entry),
    primary: asBody(asBody(entry)?.properties)?.primary === true,
  }));
  return entries
    .sort((a, b) => Number(b.primary) - Number(a.primary))
    .flatMap((entry) => model.nics.find((nic) => nic.id === entry.id) ?? []);
}
