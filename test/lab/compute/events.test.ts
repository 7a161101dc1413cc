/** What becomes of what is announced to machines, on a clock that a test turns. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Arm } from "../../../lab/arm/arm";
import { Events } from "../../../lab/compute/events";
import type { Model, Vm } from "../../../lab/network/model";
import { readModel } from "../../../lab/network/read";
import type { MachineFacts } from "../../../lab/supervisor/report";
import { AzureFixture } from "../../support/azureFixtures";

const FACTOR = 0.1;

/** Lets every write run that is ready to. */
const settle = async () => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};

class World {
  readonly fixture = new AzureFixture({ nvas: 3 });
  readonly arm = new Arm(this.fixture, { fabricRuns: () => true });
  readonly problems: string[] = [];
  readonly events = new Events({
    arm: new Arm(this.fixture),
    timeFactor: FACTOR,
    problem: (text) => this.problems.push(text),
  });
  facts: Partial<MachineFacts> = {};

  constructor() {
    this.fixture.watch(() => queueMicrotask(() => this.look()));
  }

  get model(): Model {
    return readModel(this.fixture.snapshot());
  }

  vm(name: string): Vm | undefined {
    return this.model.vms.find((vm) => vm.name === name);
  }

  look(): void {
    const machines = this.model.vms.map((vm): [string, MachineFacts] => [
      vm.id,
      { netns: "", power: "running", run: vm.state.run, ...this.facts },
    ]);
    this.events.follow(this.model, new Map(machines));
  }

  async raise(name: string, type: "Reboot" | "Freeze" | "Redeploy" | "Preempt") {
    const event = await this.arm.raiseEvent(this.fixture.idOf(name), { type });
    await settle();
    return event.EventId;
  }

  async approve(asker: string, ...ids: string[]): Promise<void> {
    this.events.approve(this.model, this.vm(asker)?.id ?? "", ids);
    await settle();
  }

  async pass(seconds: number): Promise<void> {
    mock.timers.tick(seconds * 1000);
    await settle();
  }

  group(...names: string[]): void {
    for (const name of names) {
      this.fixture.change(name, (properties) => {
        properties.availabilitySet = { id: "/subscriptions/s/availabilitySets/a" };
        properties.scheduledEventsProfile = { terminateNotificationProfile: { enable: true } };
      });
    }
  }
}

describe("Events", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.UTC(2026, 0, 1) }));
  afterEach(() => mock.timers.reset());

  test("the time of an event is set once, by type and factor", async () => {
    const world = new World();
    await world.raise("nva1", "Redeploy");
    const [event] = world.vm("nva1")?.events ?? [];
    assert.equal(event?.due, "2026-01-01T00:01:00.000Z");
    assert.equal(event?.NotBefore, "Thu, 01 Jan 2026 00:01:00 GMT");
    await world.pass(30);
    assert.equal(world.vm("nva1")?.events[0]?.due, event?.due);
  });

  test("what is due happens, and is shown until the machine is back", async () => {
    const world = new World();
    world.facts = { power: "starting" };
    await world.raise("nva1", "Reboot");
    await world.pass(89);
    assert.equal(world.vm("nva1")?.state.run, 0);
    await world.pass(2);
    assert.equal(world.vm("nva1")?.state.run, 1);
    const [event] = world.vm("nva1")?.events ?? [];
    assert.deepEqual([event?.EventStatus, event?.NotBefore], ["Started", ""]);
    world.facts = {};
    world.look();
    await settle();
    assert.deepEqual(world.vm("nva1")?.events, []);
    assert.equal(world.vm("nva1")?.state.run, 1);
  });

  test("an approval brings it forward; a second one does nothing more", async () => {
    const world = new World();
    const id = await world.raise("nva1", "Reboot");
    await world.approve("nva1", id);
    await world.approve("nva1", id);
    assert.equal(world.vm("nva1")?.state.run, 1);
    assert.deepEqual(world.vm("nva1")?.events, []);
  });

  test("a machine of the same group may approve, another one may not", async () => {
    const world = new World();
    world.group("nva1", "nva2");
    const id = await world.raise("nva1", "Reboot");
    await world.approve("nva3", id);
    assert.equal(world.vm("nva1")?.state.run, 0);
    await world.approve("nva2", id);
    assert.equal(world.vm("nva1")?.state.run, 1);
  });

  test("deletes of one request go early only when all of them are approved", async () => {
    const world = new World();
    world.group("nva1", "nva2");
    const group = world.fixture.idOf("lab");
    assert.equal((await world.arm.beginDelete(group)).length, 2);
    await settle();
    const id = (name: string) => world.vm(name)?.events[0]?.EventId ?? "";
    await world.approve("nva1", id("nva1"));
    assert.ok(world.vm("nva1"));
    await world.approve("nva2", id("nva2"));
    assert.equal(world.vm("nva1"), undefined);
    assert.equal(world.vm("nva2"), undefined);
    assert.ok(world.vm("nva3"));
  });

  test("a freeze is a hang that ends by itself, and the event with it", async () => {
    const world = new World();
    await world.approve("nva1", await world.raise("nva1", "Freeze"));
    assert.deepEqual(
      world.vm("nva1")?.faults.map(({ kind }) => kind),
      ["hang"],
    );
    assert.equal(world.vm("nva1")?.events.length, 1);
    await world.pass(10);
    assert.deepEqual(world.vm("nva1")?.faults, []);
    assert.deepEqual(world.vm("nva1")?.events, []);
  });

  for (const [policy, left] of [
    [undefined, "deallocated"],
    ["Delete", undefined],
  ]) {
    test(`an eviction with policy ${policy ?? "Deallocate"}`, async () => {
      const world = new World();
      world.fixture.change("nva1", (properties) => {
        properties.evictionPolicy = policy;
      });
      await world.raise("nva1", "Preempt");
      await world.pass(4);
      assert.equal(world.vm("nva1")?.state.power, left);
      if (left !== undefined)
        assert.equal(world.vm("nva1")?.events.length, 1, "it still shuts down");
      world.facts = { power: "deallocated" };
      world.look();
      await settle();
      assert.deepEqual(world.vm("nva1")?.events ?? [], []);
    });
  }

  test("what the machine's state does not allow is over, and named", async () => {
    const world = new World();
    const id = await world.raise("nva1", "Reboot");
    await world.arm.action(world.fixture.idOf("nva1"), "powerOff");
    await world.approve("nva1", id);
    assert.deepEqual(world.vm("nva1")?.events, []);
    assert.match(world.problems.join(), /restart.*is stopped/);
  });

  test("a lab that starts mends what was broken, and finishes what was begun", async () => {
    const world = new World();
    world.fixture.change("nva1", (properties) => {
      properties.faults = [{ kind: "power", until: "2100-01-01T00:00:00Z" }];
    });
    await world.raise("nva2", "Reboot");
    world.fixture.change("nva2", (properties) => {
      Object.assign((properties.scheduledEvents as object[])[0] ?? {}, { EventStatus: "Started" });
    });
    world.events.begin(world.model);
    world.look();
    await settle();
    assert.deepEqual(world.vm("nva1")?.faults, []);
    assert.equal(world.vm("nva2")?.state.run, 1);
    assert.deepEqual(world.vm("nva2")?.events, []);
  });
});
