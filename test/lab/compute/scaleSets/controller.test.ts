/** The controller over a real store; a test plays the machines and what they say of themselves. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Arm } from "../../../../lab/arm/arm";
import { asBody, type Body, type StoredResource } from "../../../../lab/arm/resource";
import type { Store } from "../../../../lab/arm/store";
import { machineStateOf } from "../../../../lab/compute/machineState";
import { ScaleSets } from "../../../../lab/compute/scaleSets/controller";
import { Health } from "../../../../lab/compute/scaleSets/facts";
import { instancesOf, isLatest, recordOf } from "../../../../lab/compute/scaleSets/instances";
import type { Run } from "../../../../lab/compute/scaleSets/observe";
import { protect, repair, scale, upgrade } from "../../../../lab/compute/scaleSets/operations";
import { upgradeOf } from "../../../../lab/compute/scaleSets/upgrades";
import { isTerminating } from "../../../../lab/compute/scheduledEvents";
import * as az from "../../arm/fixture";

/** Longest wait for anything, in milliseconds. */
const PATIENCE = 10_000;
const userData = "properties.virtualMachineProfile.userData";
const customData = "properties.virtualMachineProfile.osProfile.customData";
const image = "properties.virtualMachineProfile.storageProfile.imageReference.version";
const rolling = "properties.upgradePolicy.rollingUpgradePolicy";

/** Machines that run as the store says, and say of their health what the test says. */
class World {
  readonly problems: string[] = [];
  /** What an instance says of itself. */
  health: (vm: StoredResource) => Health = () => Health.Healthy;
  readonly arm: Arm;
  readonly sets: ScaleSets;
  readonly #stop: () => void;

  constructor(
    readonly store: Store,
    timeFactor = 0.001,
  ) {
    this.arm = new Arm(store, { fabricRuns: () => true });
    const problem = (text: string) => this.problems.push(text);
    this.sets = new ScaleSets({ arm: this.arm, timeFactor, problem });
    this.#stop = store.watch(() => this.turn());
  }

  /** The machines follow the store, and are asked for their health. */
  turn(): void {
    const machines = this.instances();
    const runs = new Map<string, Run>();
    for (const vm of machines) {
      const { power, run, disk } = machineStateOf(vm);
      const epoch = `${run} ${disk}`;
      if (power === "running") runs.set(vm.id.toLowerCase(), { epoch, startedAt: 1 });
    }
    this.sets.follow(runs);
    for (const vm of machines) {
      const run = runs.get(vm.id.toLowerCase());
      if (run === undefined) continue;
      const hear = () => {
        // What it is by now: only one answer at most may be of before a change.
        const state = this.health(this.instances().find(({ id }) => id === vm.id) ?? vm);
        const said = { epoch: run.epoch, state, reason: `says ${state}` };
        this.sets.hear(vm.id.toLowerCase(), said);
      };
      // As many answers as change a state, and one that was under way.
      setTimeout(() => [1, 2, 3].forEach(hear), 2);
    }
  }

  get set(): StoredResource {
    const found = this.store.snapshot().resources.get(az.fleet.toLowerCase());
    assert.ok(found);
    return found;
  }

  instances(): StoredResource[] {
    const { view } = { view: this.store.view() };
    return view.get(az.fleet) === undefined ? [] : instancesOf(az.fleet, view);
  }

  names = () => this.instances().map(({ name }) => name);

  async put(change: (body: Body) => Body = (body) => body, capacity = 3): Promise<void> {
    await this.arm.put(az.fleet, change(az.goodFleet(capacity)));
  }

  async until(what: string, satisfied: () => boolean): Promise<void> {
    for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; ) {
      if (satisfied()) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { upgrade: state } = this.set.properties;
    const all = this.instances().map((vm) => [vm.name, vm.properties.scaleSetInstance]);
    assert.fail(`not in time: ${what}\n${JSON.stringify([state, all, this.problems], null, 1)}`);
  }

  untilWell = () =>
    this.until("all are well", () => {
      const all = this.instances();
      return all.length > 0 && all.every((vm) => recordOf(vm)?.health?.state === "Healthy");
    });

  untilUpgrade = (status: string) =>
    this.until(`the upgrade is ${status}`, () => upgradeOf(this.set)?.status === status);

  async close(): Promise<void> {
    this.#stop();
    await this.sets.stop();
  }
}

describe("the controller of scale sets", { timeout: 60_000 }, () => {
  let world: World;
  beforeEach(async () => {
    const { store } = await az.referenceAzure();
    world = new World(store);
    await world.put();
    await world.untilWell();
  });
  afterEach(async () => {
    await world.close();
    assert.deepEqual(world.problems, []);
  });

  const bad = (text: string) => (vm: StoredResource) =>
    vm.properties.userData === text ? Health.Unhealthy : Health.Healthy;
  const latest = () => world.instances().filter((vm) => isLatest(world.set, vm));

  test("a newer model reaches every instance in place, one after another", async () => {
    const before = world.names();
    await world.put((body) => az.changed(body, userData, "bmV3"));
    await world.untilUpgrade("Completed");
    assert.deepEqual(world.names(), before);
    for (const vm of world.instances()) {
      assert.equal(vm.properties.userData, "bmV3");
      assert.deepEqual(machineStateOf(vm), { power: "running", run: 0, disk: 0 });
    }
  });

  test("an image reaches every instance by a reimage", async () => {
    await world.put((body) => az.changed(body, image, "24.04.202601010"));
    await world.untilUpgrade("Completed");
    for (const vm of world.instances()) assert.equal(machineStateOf(vm).disk, 1);
  });

  test("customData alone makes no new disk; with an image it comes along", async () => {
    const disks = () => world.instances().map((vm) => machineStateOf(vm).disk);
    await world.put((body) => az.changed(body, customData, "bmV3"));
    await world.untilUpgrade("Completed");
    assert.deepEqual(disks(), [0, 0, 0]);
    const both = (body: Body) =>
      az.changed(az.changed(body, customData, "bmV3ZXI="), image, "24.04.202601010");
    await world.put(both);
    await world.untilUpgrade("Completed");
    assert.deepEqual(disks(), [1, 1, 1]);
    for (const vm of world.instances())
      assert.equal(asBody(vm.properties.osProfile)?.customData, "bmV3ZXI=");
  });

  test("a bad model stops at its first batch, says why, and the next good one recovers", async () => {
    world.health = bad("YmFk");
    const lenient = (body: Body) =>
      az.changed(
        az.changed(body, `${rolling}.maxUnhealthyInstancePercent`, 50),
        `${rolling}.prioritizeUnhealthyInstances`,
        true,
      );
    await world.put((body) => az.changed(lenient(body), userData, "YmFk"));
    await world.untilUpgrade("Faulted");
    assert.equal(latest().length, 1);
    const shown = (await world.arm.get(`${az.fleet}/rollingUpgrades/latest`)) as Body;
    const status = asBody(shown.properties);
    assert.equal(asBody(status?.runningStatus)?.code, "Faulted");
    assert.match(String(asBody(status?.error)?.message), /says Unhealthy/);
    await world.put((body) => az.changed(lenient(body), userData, "bmV3"));
    await world.untilUpgrade("Completed");
    assert.equal(latest().length, 3);
    await world.untilWell();
  });

  test("with surge new instances come first, and the old ones go", async () => {
    const before = world.names();
    const counts = new Set<number>();
    const stop = world.store.watch(() => counts.add(world.instances().length));
    await world.put((body) =>
      az.changed(az.changed(body, userData, "bmV3"), `${rolling}.maxSurge`, true),
    );
    await world.untilUpgrade("Completed");
    await world.until("three are left", () => world.names().length === 3);
    stop();
    assert.ok(Math.min(...counts) >= 3, [...counts].join());
    assert.ok(world.names().every((name) => !before.includes(name)));
  });

  test("without room for new instances an upgrade with surge goes on in place", async () => {
    await world.put((body) => az.changed(body, "zones", ["1", "2"]), 10);
    await world.until("ten", () => world.names().length === 10);
    const before = world.names().sort();
    await world.put(
      (body) => az.changed(az.changed(body, userData, "bmV3"), `${rolling}.maxSurge`, true),
      10,
    );
    await world.untilUpgrade("Completed");
    assert.deepEqual(world.names().sort(), before);
  });

  test("mode Manual waits to be asked, mode Automatic asks nobody", async () => {
    const mode = (body: Body, text: string) =>
      az.changed(body, "properties.upgradePolicy", { mode: text });
    await world.put((body) => az.changed(mode(body, "Manual"), userData, "bmV3"));
    assert.equal(latest().length, 0);
    const [first = ""] = world.names();
    await world.arm.act((service) => upgrade("fleet", [first], service));
    assert.deepEqual(
      latest().map(({ name }) => name),
      [first],
    );
    await world.arm.act((service) => upgrade("fleet", [], service));
    assert.equal(latest().length, 3);
    world.health = () => Health.Unhealthy;
    await world.put((body) => az.changed(mode(body, "Automatic"), userData, "bmV4"));
    assert.equal(latest().length, 3);
  });

  test("scaling in gives notice to those that asked for it", async () => {
    const notice = { enable: true, notBeforeTimeout: "PT5M" };
    const where = "properties.virtualMachineProfile.scheduledEventsProfile";
    const told = (body: Body) => az.changed(body, where, { terminateNotificationProfile: notice });
    await world.put(told);
    await world.untilUpgrade("Completed");
    await world.arm.act((service) => scale("fleet", 1, service));
    await world.until("two are told", () => world.instances().filter(isTerminating).length === 2);
    assert.equal(world.names().length, 3);
    // A change of mind makes new ones: who was told goes.
    await world.arm.act((service) => scale("fleet", 2, service));
    assert.equal(world.names().length, 4);
    for (const vm of world.instances().filter(isTerminating)) await world.arm.forceDelete(vm.id);
    await world.untilWell();
    assert.equal(world.names().length, 2);
    assert.equal(world.set.sku?.capacity, 2);
  });

  test("one that is not well is replaced, and suspends repairs when that never helps", async () => {
    const [first = ""] = world.names();
    world.health = (vm) => (vm.name === first ? Health.Unknown : Health.Healthy);
    world.turn();
    await world.until("it is replaced", () => !world.names().includes(first));
    await world.untilWell();
    assert.equal(world.names().length, 3);
    assert.equal(world.set.properties.repairs, undefined);
    const two = world.names().slice(0, 2);
    world.health = (vm) => (two.includes(vm.name) ? Health.Healthy : Health.Unknown);
    world.turn();
    await world.until(
      "repairs are suspended",
      () => asBody(world.set.properties.repairs)?.suspended === true,
    );
    assert.ok(two.every((name) => world.names().includes(name)));
    world.health = () => Health.Healthy;
    world.turn();
    await world.until("they go on", () => world.set.properties.repairs === undefined);
  });

  test("an instance is repaired on request, as the policy says or as it is asked", async () => {
    const [first = ""] = world.names();
    await world.arm.act((service) => repair(first, "Reimage", service));
    const disk = () => world.instances().map((vm) => machineStateOf(vm).disk);
    assert.deepEqual(disk().sort(), [0, 0, 1]);
    await world.arm.act((service) => repair(first, undefined, service));
    assert.ok(!world.names().includes(first));
    assert.equal(world.names().length, 3);
  });

  test("a protected instance is neither upgraded nor chosen, nor repaired", async () => {
    const [first = ""] = world.names();
    const protection = { protectFromScaleIn: true, protectFromScaleSetActions: true };
    await world.arm.act((service) => protect(first, protection, service));
    await world.put((body) => az.changed(body, userData, "bmV3"));
    await world.untilUpgrade("Completed");
    assert.ok(latest().every(({ name }) => name !== first));
    world.health = (vm) => (vm.name === first ? Health.Unknown : Health.Healthy);
    world.turn();
    await world.arm.act((service) => scale("fleet", 1, service));
    await world.until("one is left", () => world.names().length === 1);
    assert.deepEqual(world.names(), [first]);
  });

  test("instance views say power, health and model", async () => {
    const [vm] = world.instances();
    const expand = "instanceView";
    const one = await world.arm.get(vm?.id ?? "", { expand });
    assert.equal(az.at(one, "properties.instanceView.vmHealth.status.code"), "HealthState/healthy");
    assert.equal(az.at(one, "properties.instanceView.statuses.1.code"), "PowerState/running");
    const set = await world.arm.get(az.fleet, { expand });
    const counts = az.at(set, "properties.instanceView.virtualMachine.statusesSummary");
    assert.deepEqual(counts, [
      { code: "ProvisioningState/succeeded", count: 3 },
      { code: "HealthState/healthy", count: 3 },
      { code: "LatestModelApplied/true", count: 3 },
    ]);
    assert.equal(az.at(await world.arm.get(az.fleet), "properties.instanceView"), undefined);
  });

  test("refuses what nobody can mean", async () => {
    const act = (work: Parameters<Arm["act"]>[0]) => world.arm.act(work);
    await assert.rejects(
      act((s) => scale("fleet", 1001, s)),
      { code: "InvalidParameter" },
    );
    await assert.rejects(
      act((s) => scale("none", 1, s)),
      { code: "ResourceNotFound" },
    );
    await assert.rejects(
      act((s) => upgrade("fleet", ["nva"], s)),
      { code: "ResourceNotFound" },
    );
    await assert.rejects(
      act((s) => repair("nva", undefined, s)),
      { code: "ResourceNotFound" },
    );
    const idle = new Arm(world.store);
    await assert.rejects(
      idle.act((s) => upgrade("fleet", [], s)),
      { code: "OperationNotAllowed" },
    );
  });
});
