/** Things beside the reference layout that some refusals need. */
import type { Body } from "../../../../lab/arm/resource";
import * as az from "../fixture";

/** An internal Standard load balancer on the provider's network. */
export const innerLb = az.network("loadBalancers", "inner");
const innerBody = (): Body => ({
  location: az.location,
  sku: { name: "Standard" },
  properties: {
    frontendIPConfigurations: [{ name: "fe", properties: { subnet: { id: az.gatewaySubnet } } }],
    backendAddressPools: [{ name: "inner" }],
  },
});

/** Things beside the reference layout that some refusals need. */
export const extras: [id: string, body: () => Body][] = [
  [innerLb, innerBody],
  [az.network("loadBalancers", "inner2"), innerBody],
  [az.spareNic, az.good.spareNic],
  [
    az.network("networkInterfaces", "member"),
    () =>
      az.changed(az.good.spareNic(), az.membership, [
        { id: `${innerLb}/backendAddressPools/inner` },
      ]),
  ],
  [
    az.network("publicIPAddresses", "six"),
    () => az.changed(az.good.publicIp(), "properties.publicIPAddressVersion", "IPv6"),
  ],
  [
    az.network("publicIPAddresses", "v2"),
    () => az.changed(az.good.publicIp(), "sku.name", "StandardV2"),
  ],
  [
    az.network("publicIPAddresses", "named"),
    () => az.changed(az.good.publicIp(), "properties.dnsSettings", { domainNameLabel: "taken" }),
  ],
  [az.network("natGateways", "nat"), az.good.natGateway],
  [az.fleet, () => az.goodFleet(1)],
  [
    `${az.consumerVnet}/subnets/nat`,
    () =>
      az.changed(az.good.subnet("10.8.1.0/24"), "properties.natGateway", {
        id: az.network("natGateways", "nat"),
      }),
  ],
];
