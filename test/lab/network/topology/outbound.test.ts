import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Body } from "../../../../lab/arm/resource";
import { defaultOutboundAddress, waysOut } from "../../../../lab/network/topology/outbound";
import {
  AzureFixture,
  FRONTEND_ADDRESS,
  ILPIP_ADDRESS,
  NAT_ADDRESS,
} from "../../../support/azureFixtures";
import { viewOf } from "../../../support/fabricView";

function ways(fixture: AzureFixture, nicName: string): string[] {
  const view = viewOf(fixture);
  const nic = view.model.nics.find(({ name }) => name === nicName);
  assert.ok(nic);
  return nic.configurations
    .flatMap((configuration) => waysOut(view, nic, configuration))
    .map(({ publicAddress, protocols }) => `${publicAddress} ${protocols?.join("+") ?? "all"}`);
}

const subnet = (fixture: AzureFixture, name: string, more: Body) =>
  fixture.change(name, (properties) => {
    const [only] = properties.subnets as { properties: Body }[];
    Object.assign(only?.properties ?? {}, more);
  });

const balancer = (fixture: AzureFixture, edit: (properties: Body) => void) =>
  fixture.change("weblb", edit);

describe("waysOut", () => {
  test("an own address carries every protocol", () => {
    assert.deepEqual(ways(new AzureFixture(), "app-nic"), [`${ILPIP_ADDRESS} all`]);
  });

  test("a NAT gateway wins over an own address, for TCP and UDP", () => {
    const fixture = new AzureFixture();
    fixture.natGateway("nat", fixture.publicAddress("nat-ip", NAT_ADDRESS));
    subnet(fixture, "app-net", { natGateway: { id: fixture.idOf("nat") } });
    assert.deepEqual(ways(fixture, "app-nic"), [`${NAT_ADDRESS} tcp+udp`]);
  });

  test("a NAT gateway without address leads nowhere, an own address beside it or not", () => {
    const fixture = new AzureFixture();
    fixture.natGateway("nat", "/none");
    subnet(fixture, "app-net", { natGateway: { id: fixture.idOf("nat") } });
    assert.deepEqual(ways(fixture, "app-nic"), []);
  });

  test("an outbound rule's frontend, its protocol", () => {
    const fixture = new AzureFixture();
    assert.deepEqual(ways(fixture, "web1-nic"), [`${FRONTEND_ADDRESS} tcp+udp`]);
    balancer(fixture, (properties) => {
      const [rule] = properties.outboundRules as { properties: Body }[];
      Object.assign(rule?.properties ?? {}, { protocol: "Tcp" });
    });
    assert.deepEqual(ways(fixture, "web1-nic"), [`${FRONTEND_ADDRESS} tcp`]);
  });

  test("without one, each rule that does SNAT by itself; else none, though the subnet is open", () => {
    const fixture = new AzureFixture();
    subnet(fixture, "web-net", { defaultOutboundAccess: true });
    balancer(fixture, (properties) => {
      properties.outboundRules = [];
    });
    assert.deepEqual(ways(fixture, "web1-nic"), []);
    balancer(fixture, (properties) => {
      const [rule] = properties.loadBalancingRules as { properties: Body }[];
      Object.assign(rule?.properties ?? {}, { disableOutboundSnat: false });
    });
    assert.deepEqual(ways(fixture, "web1-nic"), [`${FRONTEND_ADDRESS} tcp`]);
  });

  test("a subnet that says nothing has default outbound access; an NVA has none all the same", () => {
    const fixture = new AzureFixture();
    for (const name of ["app-net", "provider-net"]) {
      subnet(fixture, name, { defaultOutboundAccess: undefined });
    }
    fixture.change("app-nic", (properties) => {
      const [part] = properties.ipConfigurations as { properties: Body }[];
      delete part?.properties.publicIPAddress;
    });
    const vnet = fixture.idOf("app-net").toLowerCase();
    assert.deepEqual(ways(fixture, "app-nic"), [`${defaultOutboundAddress(vnet)} tcp+udp`]);
    assert.deepEqual(ways(fixture, "nva1-nic"), []);
  });
});
