import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type Arm, ArmError } from "../../../lab/arm/arm";
import type { Store } from "../../../lab/arm/store";
import * as az from "./fixture";
import { balancerCases } from "./refusals/balancers";
import { STATUS } from "./refusals/cases";
import { extras, innerLb } from "./refusals/extras";
import { machineCases } from "./refusals/machines";
import { networkCases } from "./refusals/networks";
import { scaleSetCases } from "./refusals/scaleSets";

const { good, network } = az;

/** Deletes that Azure refuses because something uses the thing. */
const deletes: [id: string, code: string][] = [
  [az.gateway, "GatewayLoadBalancerInUseByChain"],
  [az.nvaSubnet, "InUseSubnetCannotBeDeleted"],
  [az.vnet, "InUseSubnetCannotBeDeleted"],
  [az.nsg, "InUseNetworkSecurityGroupCannotBeDeleted"],
  [network("publicIPAddresses", "web-ip"), "PublicIPAddressCannotBeDeleted"],
  [network("publicIPAddresses", "work-ip"), "PublicIPAddressCannotBeDeleted"],
  [az.nvaNic, "NicInUse"],
  [innerLb, "InUseLoadBalancerCannotBeDeleted"],
  [network("natGateways", "nat"), "CannotDeleteNatGatewayAssociatedToSubnet"],
];

async function refusal(work: Promise<unknown>): Promise<ArmError> {
  const error = await work.then(
    () => assert.fail("it was taken"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ArmError, String(error));
  return error;
}

describe("Azure refuses, and changes nothing", () => {
  let arm: Arm;
  let store: Store;
  let seq: number;
  before(async () => {
    ({ arm, store } = await az.referenceAzure());
    for (const [id, body] of extras) await arm.put(id, body());
    seq = store.snapshot().seq;
  });
  for (const { name, id, body, code, target } of [
    ...networkCases,
    ...balancerCases,
    ...machineCases,
    ...scaleSetCases,
  ]) {
    test(`${name}: ${code}`, async () => {
      const error = await refusal(arm.put(id, body));
      const codes = [error, ...error.details].map((e) => e.code);
      assert.ok(codes.includes(code), `${codes.join(", ")}: ${error.message}`);
      if (target !== undefined) {
        const targets = [error, ...error.details].filter((e) => e.code === code);
        assert.ok(
          targets.some((e) => e.target === target),
          targets.map((e) => e.target).join(),
        );
      }
      assert.equal(error.status, STATUS[error.code] ?? 400);
      assert.equal(store.snapshot().seq, seq, "something was written");
    });
  }
  for (const [id, code] of deletes) {
    test(`to delete ${id.split("/").slice(-2).join("/")}: ${code}`, async () => {
      const error = await refusal(arm.delete(id));
      assert.equal(error.code, code, error.message);
      assert.equal(store.snapshot().seq, seq, "something was written");
    });
  }
});

test("the 101st chain is refused", async () => {
  const { arm } = await az.referenceAzure();
  const chainOne = async (name: string) => {
    const ip = network("publicIPAddresses", name);
    await arm.put(ip, good.publicIp());
    const where = "properties.ipConfigurations.0.properties.publicIPAddress.id";
    await arm.put(network("networkInterfaces", name), az.changed(good.workNic(), where, ip));
  };
  // The layout has two chains already.
  for (let i = 0; i < 98; i += 1) await chainOne(`n${i}`);
  const error = await refusal(chainOne("last"));
  assert.equal(error.code, "GatewayLoadBalancerChainLimitReached");
});

test("accelerated networking is refused for a small burstable machine", async () => {
  const { arm } = await az.referenceAzure();
  const nic = az.changed(good.spareNic(), "properties.enableAcceleratedNetworking", true);
  await arm.put(az.spareNic, nic);
  const where = "properties.networkProfile.networkInterfaces.0.id";
  const vm = az.changed(good.nva(), where, az.spareNic);
  const second = az.nva.replace(/nva$/, "second");
  const error = await refusal(arm.put(second, vm));
  assert.equal(error.code, "VMSizeIsNotPermittedToEnableAcceleratedNetworking");
  await arm.put(second, az.changed(vm, "properties.hardwareProfile.vmSize", "Standard_D4s_v5"));
});

test("a NIC under more than 300 rules is refused", async () => {
  const { arm } = await az.referenceAzure();
  const rules = Array.from({ length: 301 }, (_, i) => ({
    name: `r${i}`,
    properties: {
      protocol: "Tcp",
      frontendPort: i + 1,
      frontendIPConfiguration: { id: `${innerLb}/frontendIPConfigurations/fe` },
      backendAddressPools: [{ id: `${innerLb}/backendAddressPools/inner` }],
    },
  }));
  const [[, body] = ["", good.group]] = extras;
  await arm.put(innerLb, az.changed(body(), "properties.loadBalancingRules", rules));
  const pools = [{ id: `${innerLb}/backendAddressPools/inner` }];
  const error = await refusal(
    arm.put(az.spareNic, az.changed(good.spareNic(), az.membership, pools)),
  );
  assert.equal(error.code, "LoadBalancerRuleCountLimitReachedForNic");
});
