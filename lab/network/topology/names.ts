/** Names of namespaces and devices: the same for the same resource, whatever else exists. */
import type { Gateway } from "../view";
import { digest } from "./plan";

/** Host on the public internet. */
export const INTERNET = "internet";
/** The public side of Azure: every public address is reached through it. */
export const EDGE = "edge";

/** Device towards the edge, in networks and gateways. */
export const UPLINK = "edge0";
/** A gateway's device in its own virtual network. */
export const LAN = "lan";
export const VXLAN_IN = "vx-in";
export const VXLAN_EX = "vx-ex";

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 24);

export const vnetNamespace = (id: string): string =>
  `vnet-${slug(id.split("/").at(-1) ?? "")}-${digest(id, 4)}`;

export const gatewayNamespace = (gateway: Pick<Gateway, "id" | "balancer">): string =>
  `gw-${slug(gateway.balancer.name)}-${digest(gateway.id, 4)}`;

/** Namespace of a machine; each boot gets a fresh one. */
export const machineNamespace = (vmId: string, name: string, boot: number): string =>
  `vm-${slug(name)}-${digest(vmId, 4)}${boot > 1 ? `.${boot}` : ""}`;

/** In a virtual network: the platform's end of a NIC. */
export const nicDevice = (nicId: string): string => `n-${digest(nicId)}`;
/** In a virtual network: towards a gateway that its public addresses are chained to. */
export const chainDevice = (gatewayId: string): string => `g-${digest(gatewayId)}`;
/** In a virtual network: towards a gateway's frontend that lies in it. */
export const frontendDevice = (gatewayId: string): string => `f-${digest(gatewayId)}`;
/** In a gateway: towards a consumer's virtual network. */
export const consumerDevice = (vnetId: string): string => `c-${digest(vnetId)}`;
/** In the edge: towards a virtual network, and towards a gateway. */
export const edgeToVnet = (vnetId: string): string => `v-${digest(vnetId)}`;
export const edgeToGateway = (gatewayId: string): string => `g-${digest(gatewayId)}`;
