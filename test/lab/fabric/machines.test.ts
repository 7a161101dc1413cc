import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Bootable, Machines } from "../../../lab/fabric/machines";
import type { Vm } from "../../../lab/fabric/model";
import { readModel } from "../../../lab/fabric/read";
import type { MachineEnd } from "../../../lab/machine/machine";
import { AzureFixture } from "../../support/azureFixtures";

const host = { labDir: "/lab", image: "/image", machines: "/machines", consoles: "/consoles" };

/** Lets everything run that is ready to. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

class Fake implements Bootable {
  leader: number | undefined = 42;
  ended: Promise<MachineEnd> = Promise.resolve("crash" as const);
  booted: string[] = [];
  destroyed = 0;
  detached = 0;
  end: (how: MachineEnd) => void = () => undefined;
  done: () => void = () => undefined;

  async boot(netns: string, onBooted: () => void): Promise<void> {
    this.booted.push(netns);
    this.done = onBooted;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  async destroy(): Promise<void> {
    this.destroyed += 1;
    this.end("crash");
  }

  async detach(): Promise<void> {
    this.detached += 1;
    this.end("poweroff");
  }
}

function world() {
  const made: Fake[] = [];
  const problems: string[] = [];
  let replans = 0;
  const attach = async () => {
    const fake = new Fake();
    made.push(fake);
    return fake;
  };
  const machines = new Machines({ attach }, host, {
    changed: (replan) => {
      if (replan) replans += 1;
    },
    problem: (text) => problems.push(text),
  });
  const fixture = new AzureFixture();
  const [vm] = readModel(fixture.snapshot()).vms as [Vm];
  const netns = () => machines.facts.get(vm.id)?.netns ?? "";
  const wire = async () => {
    machines.wired(new Set([netns()]));
    await settle();
  };
  return { machines, made, problems, vm, netns, wire, replans: () => replans };
}

async function on() {
  const it = world();
  it.machines.want([it.vm]);
  await settle();
  await it.wire();
  const [fake] = it.made;
  assert.ok(fake);
  return { ...it, fake };
}

describe("Machines", () => {
  test("a machine boots when its network stands, not before", async () => {
    const { machines, made, vm, wire, netns } = world();
    machines.want([vm]);
    await settle();
    assert.deepEqual(made[0]?.booted, []);
    assert.deepEqual([...machines.running.values()], [{ netns: netns() }]);
    await wire();
    assert.deepEqual(made[0]?.booted, [netns()]);
    assert.equal(machines.facts.get(vm.id)?.power, "starting");
    made[0]?.done();
    assert.equal(machines.facts.get(vm.id)?.power, "running");
  });

  test("a reboot asks for a fresh namespace, and waits for it", async () => {
    const { fake, netns, wire, replans, machines, vm } = await on();
    const first = netns();
    const before = replans();
    fake.end("reboot");
    await settle();
    assert.notEqual(netns(), first);
    assert.equal(replans(), before + 1);
    assert.deepEqual(fake.booted, [first]);
    await wire();
    assert.deepEqual(fake.booted, [first, netns()]);
    assert.equal(machines.facts.get(vm.id)?.bootedAt, undefined);
  });

  test("a word of the last run says nothing of this one", async () => {
    const { fake, wire, machines, vm } = await on();
    const late = fake.done;
    fake.end("reboot");
    await settle();
    await wire();
    late();
    assert.equal(machines.facts.get(vm.id)?.power, "starting");
  });

  test("powered off, it has no network and does not come back by itself", async () => {
    const { fake, machines, vm } = await on();
    fake.end("poweroff");
    await settle();
    assert.equal(machines.facts.get(vm.id)?.power, "stopped");
    assert.equal(machines.running.size, 0);
    machines.want([vm]);
    await settle();
    assert.equal(fake.booted.length, 1);
  });

  test("gone from the store, it is destroyed", async () => {
    const { fake, machines } = await on();
    machines.want([]);
    assert.equal(machines.running.size, 0);
    await settle();
    assert.ok(fake.destroyed > 0);
    assert.equal(machines.facts.size, 0);
  });

  test("made anew under its name, it is another machine on another disk", async () => {
    const { fake, machines, made, vm } = await on();
    const next = { ...vm, uuid: "another" };
    machines.want([next]);
    await settle();
    assert.ok(fake.destroyed > 0);
    machines.want([next]);
    await settle();
    assert.equal(made.length, 2);
  });

  test("what cannot be attached is a problem by name", async () => {
    const problems: string[] = [];
    const attach = () => Promise.reject(new Error("no space left"));
    const machines = new Machines({ attach }, host, {
      changed: () => undefined,
      problem: (text) => problems.push(text),
    });
    const { vm } = world();
    machines.want([vm]);
    await settle();
    assert.deepEqual(problems, [`${vm.name}: no space left`]);
    assert.equal(machines.facts.get(vm.id)?.power, "stopped");
  });

  test("closing powers off and keeps the disk", async () => {
    const { fake, machines } = await on();
    await machines.close();
    assert.deepEqual([fake.detached, fake.destroyed], [1, 0]);
  });
});
