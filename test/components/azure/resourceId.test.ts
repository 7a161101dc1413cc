import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  chainTargetReason,
  formatResourceId,
  loadBalancerId,
  networkOfSubnet,
  parseResourceId,
  sameNetworkReason,
  subnetIdReason,
} from "../../../components/azure/resourceId";

const GROUP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";
const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);

describe("resource ids", () => {
  test("what is put together comes apart the same", () => {
    const ids = fc.record({
      subscription: word,
      resourceGroup: word,
      levels: fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(ids, ({ subscription, resourceGroup, levels }) => {
        const type = ["Microsoft.Network", ...levels.map(([kind]) => kind)].join("/");
        const id = { subscription, resourceGroup, type, names: levels.map(([, name]) => name) };
        assert.deepEqual(parseResourceId(formatResourceId(id)), id);
      }),
    );
  });

  for (const bad of [
    "",
    "gwlb",
    "/subscriptions/s/resourceGroups/g",
    `${GROUP}/loadBalancers`,
    `${GROUP}/loadBalancers/`,
    `${GROUP}/loadBalancers/a/frontendIPConfigurations`,
    `${GROUP}/loadBalancers//frontendIPConfigurations/f`,
  ]) {
    test(`no id: ${bad || "an empty text"}`, () => assert.equal(parseResourceId(bad), undefined));
  }

  test("a load balancer's id comes from a neighbour's subscription", () => {
    const id = loadBalancerId(`${GROUP}/virtualNetworks/n/subnets/s`, "other", "lb");
    assert.equal(
      id,
      "/subscriptions/s/resourceGroups/other/providers/Microsoft.Network/loadBalancers/lb",
    );
  });

  test("a subnet's network", () => {
    assert.equal(
      networkOfSubnet(`${GROUP}/virtualNetworks/n/subnets/s`),
      `${GROUP}/virtualNetworks/n`,
    );
  });
});

describe("chainTargetReason", () => {
  const balancer = `${GROUP}/loadBalancers/gw`;
  test("takes a frontend, in any case, of any subscription", () => {
    assert.equal(chainTargetReason(`${balancer}/frontendIPConfigurations/f`), undefined);
    assert.equal(chainTargetReason(`${balancer}/FRONTENDIPConfigurations/f`), undefined);
  });
  test("tells how to mend a load balancer's own id", () => {
    assert.match(chainTargetReason(balancer) ?? "", /gatewayFrontendId/);
  });
  for (const id of ["", "10.7.0.4", `${balancer}/backendAddressPools/p`, `${GROUP}/subnets/x`]) {
    test(`refuses ${id || "nothing"}`, () => assert.match(chainTargetReason(id) ?? "", /frontend/));
  }
});

test("subnetIdReason takes subnets only", () => {
  assert.equal(subnetIdReason(`${GROUP}/virtualNetworks/n/subnets/s`), undefined);
  assert.match(subnetIdReason(`${GROUP}/virtualNetworks/n`) ?? "", /subnet/);
});

test("sameNetworkReason compares networks as Azure does, without case", () => {
  const subnet = (network: string) => `${GROUP}/virtualNetworks/${network}/subnets/s`;
  assert.equal(sameNetworkReason(subnet("hub"), subnet("HUB")), undefined);
  assert.match(sameNetworkReason(subnet("other"), subnet("hub")) ?? "", /hub/);
});
