import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { planFleet } from "../../../../components/provider/plan/fleet";
import { planNva } from "../../../../components/provider/plan/nva";
import { planProbe } from "../../../../components/provider/plan/probe";
import {
  FIXED_BY_SCALE_SET,
  healthExtension,
  scaleSetInterface,
  scaleSetShell,
  scheduledEvents,
  unreachedReason,
} from "../../../../components/provider/plan/scaleSet";

const shell = scaleSetShell(planFleet({}), planNva());

test("the scale set is Flexible, and spreads most", () => {
  assert.equal(shell.orchestrationMode, "Flexible");
  assert.equal(shell.platformFaultDomainCount, 1);
  assert.ok(!("zones" in shell));
  assert.deepEqual(scaleSetShell(planFleet({ zones: ["2", "1"] }), planNva()).zones, ["1", "2"]);
});

test("capacity comes with the size: Azure takes no sku without one", () => {
  assert.deepEqual(shell.sku, { name: "Standard_D2s_v5", tier: "Standard", capacity: 3 });
});

test("an upgrade rolls, starts with what is broken, and stays in a zone", () => {
  const { mode, rollingUpgradePolicy } = shell.upgradePolicy;
  assert.equal(mode, "Rolling");
  assert.equal(rollingUpgradePolicy.prioritizeUnhealthyInstances, true);
  assert.equal(rollingUpgradePolicy.enableCrossZoneUpgrade, false);
  assert.equal(rollingUpgradePolicy.maxSurge, false);
});

test("nothing is deleted by force: an NVA would lose the notice that it drains in", () => {
  assert.equal(shell.scaleInPolicy.forceDeletion, false);
  assert.equal(shell.automaticRepairsPolicy.repairAction, "Replace");
  const events = scheduledEvents(7);
  assert.deepEqual(events.terminateNotificationProfile, { enable: true, notBeforeTimeout: "PT7M" });
  assert.equal(events.osImageNotificationProfile.notBeforeTimeout, "PT15M");
});

test("health is asked on the probe's port, in the extension's own form", () => {
  const { settings, typeHandlerVersion } = healthExtension(
    planFleet({}),
    planProbe({ port: 9000 }),
  );
  assert.equal(typeHandlerVersion, "2.0");
  assert.deepEqual([settings.port, settings.requestPath], [9000, "/health/application"]);
});

test("the NIC is in the pool, has the security group and no public address", () => {
  const nic = scaleSetInterface(planNva(), { securityGroup: "/g", subnet: "/s", pool: "/p" });
  assert.deepEqual(nic.networkSecurityGroup, { id: "/g" });
  assert.deepEqual(nic.ipConfigurations[0]?.loadBalancerBackendAddressPools, [{ id: "/p" }]);
  assert.ok(!JSON.stringify(nic).toLowerCase().includes("public"));
});

test("what an upgrade can carry out replaces no scale set", () => {
  for (const path of ["sku", "virtualMachineProfile.userData", "virtualMachineProfile.osProfile"]) {
    assert.ok(!FIXED_BY_SCALE_SET.includes(path), path);
  }
  assert.ok(!FIXED_BY_SCALE_SET.some((path) => path.includes("storageProfile")));
});

describe("what an update in place would not reach", () => {
  const model = (
    customData: string,
    { version = "1", maxSurge = false, keyData = "ssh-a" } = {},
  ) => ({
    upgradePolicy: { rollingUpgradePolicy: { maxSurge } },
    virtualMachineProfile: {
      osProfile: {
        adminUsername: "nobody",
        customData,
        linuxConfiguration: { ssh: { publicKeys: [{ keyData }] } },
      },
      storageProfile: { imageReference: { version } },
    },
  });

  test("is customData, with the ways out", () => {
    const reason = unreachedReason(model("a"), model("b")) ?? "";
    assert.match(reason, /^customData .* for new NVAs only/);
    assert.match(reason, /nva\.imageVersion/);
    assert.match(reason, /fleet\.upgrade\.surge/);
    assert.ok(!reason.includes("administrator"));
  });

  test("is the administrator's key", () => {
    const reason = unreachedReason(model("a"), model("a", { keyData: "ssh-b" }));
    assert.match(reason ?? "", /^the administrator would change for new NVAs only/);
  });

  test("is nothing with a new disk for everybody", () => {
    assert.equal(unreachedReason(model("a"), model("b", { version: "2" })), undefined);
    assert.equal(unreachedReason(model("a"), model("b", { maxSurge: true })), undefined);
  });

  test("is nothing that stays, or is not known yet", () => {
    assert.equal(unreachedReason(model("a"), model("a", { maxSurge: true })), undefined);
    assert.equal(unreachedReason(model("a"), model("a")), undefined);
    assert.equal(unreachedReason(model("a"), {}), undefined);
  });
});
