import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FaultKind } from "../../../lab/arm/faults";
import { type Bootable, Machines } from "../../../lab/compute/machines";
import type { MachineEnd, MachineHost } from "../../../lab/machine/machine";
import type { MachineSpec } from "../../../lab/machine/seed";
import type { Vm } from "../../../lab/network/model";
import { readModel } from "../../../lab/network/read";
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
  stopped: string[] = [];
  broken: string[] = [];
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

  async stop(): Promise<void> {
    this.stopped.push("shutdown");
    this.end("poweroff");
  }

  async kill(): Promise<void> {
    this.stopped.push("power cut");
    this.end("crash");
  }

  freeze(frozen: boolean): void {
    this.broken.push(`hang ${frozen}`);
  }

  async fillDisk(full: boolean): Promise<void> {
    this.broken.push(`disk ${full}`);
  }

  takeMemory(taken: boolean): void {
    this.broken.push(`memory ${taken}`);
  }

  async detach(): Promise<void> {
    this.detached += 1;
    this.end("poweroff");
  }
}

const asked = (vm: Vm, state: Partial<Vm["state"]>): Vm => ({
  ...vm,
  state: { ...vm.state, ...state },
});

const broken = (vm: Vm, ...kinds: FaultKind[]): Vm => ({
  ...vm,
  faults: kinds.map((kind) => ({ kind, until: "2100-01-01T00:00:00Z" })),
});

function world() {
  const made: Fake[] = [];
  const problems: string[] = [];
  const off: string[] = [];
  let replans = 0;
  const specs: MachineSpec[] = [];
  const attach = async (_host: MachineHost, spec: MachineSpec) => {
    specs.push(spec);
    const fake = new Fake();
    made.push(fake);
    return fake;
  };
  const machines = new Machines({ attach }, host, {
    changed: (replan) => {
      if (replan) replans += 1;
    },
    poweredOff: (vm) => off.push(vm.name),
    problem: (text) => problems.push(text),
  });
  const fixture = new AzureFixture();
  const [vm] = readModel(fixture.snapshot()).vms as [Vm];
  const netns = () => machines.facts.get(vm.id)?.netns ?? "";
  const wire = async () => {
    machines.wired(new Set([netns()]));
    await settle();
  };
  return { machines, made, specs, problems, off, vm, netns, wire, replans: () => replans };
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

  test("powered off by its guest, the store hears of it; a start brings it back", async () => {
    const { fake, machines, vm, off, wire } = await on();
    fake.end("poweroff");
    await settle();
    assert.deepEqual(off, [vm.name]);
    machines.want([asked(vm, { power: "stopped" })]);
    machines.want([asked(vm, { run: 1 })]);
    await settle();
    await wire();
    assert.equal(fake.booted.length, 2);
    assert.equal(machines.facts.get(vm.id)?.run, 1);
  });

  for (const [what, state, way] of [
    ["a stop", { power: "stopped" }, "shutdown"],
    ["a stop without shutdown", { power: "stopped", skipShutdown: true }, "power cut"],
    ["a deallocation", { power: "deallocated" }, "shutdown"],
  ] as const) {
    test(`${what} is a ${way}, and nobody calls it the guest's`, async () => {
      const { fake, machines, vm, off } = await on();
      machines.want([asked(vm, state)]);
      machines.want([asked(vm, state)]);
      await settle();
      assert.deepEqual(fake.stopped, [way]);
      assert.deepEqual(off, []);
      assert.equal(machines.facts.get(vm.id)?.power, state.power);
      assert.equal(machines.running.size, 0);
    });
  }

  test("its network stands until it has shut down", async () => {
    const { fake, machines, vm } = await on();
    fake.stop = async () => {
      fake.stopped.push("shutdown");
    };
    machines.want([asked(vm, { power: "stopped" })]);
    machines.want([asked(vm, { power: "stopped" })]);
    await settle();
    assert.equal(machines.running.size, 1);
    fake.end("poweroff");
    await settle();
    assert.equal(machines.running.size, 0);
  });

  test("a restart shuts it down and boots it from its disk", async () => {
    const { fake, machines, made, vm, wire } = await on();
    machines.want([asked(vm, { run: 1 })]);
    await settle();
    await wire();
    assert.deepEqual(fake.stopped, ["shutdown"]);
    assert.equal(fake.booted.length, 2);
    assert.equal(made.length, 1);
  });

  test("a reimage boots it from another disk, with what the VM says by then", async () => {
    const { fake, machines, made, vm, specs, wire } = await on();
    machines.want([{ ...asked(vm, { run: 1, disk: 1 }), customData: "bmV3" }]);
    await settle();
    await wire();
    assert.deepEqual(fake.stopped, ["shutdown"]);
    assert.ok(fake.destroyed > 0);
    assert.equal(made[1]?.booted.length, 1);
    assert.deepEqual(
      specs.map(({ disk, customData }) => [disk, customData]),
      [
        [0, undefined],
        [1, "bmV3"],
      ],
    );
  });

  test("off in the store, it is not even attached", async () => {
    const { machines, made, vm } = world();
    machines.want([asked(vm, { power: "deallocated" })]);
    await settle();
    assert.equal(made.length, 0);
    assert.equal(machines.facts.get(vm.id)?.power, "deallocated");
  });

  test("without power it is off at once, and boots when power is back", async () => {
    const { fake, machines, vm, off, wire } = await on();
    machines.want([broken(vm, "power")]);
    await settle();
    assert.deepEqual(fake.stopped, ["power cut"]);
    assert.equal(machines.facts.get(vm.id)?.power, "stopped");
    machines.want([vm]);
    await settle();
    await wire();
    assert.equal(fake.booted.length, 2);
    assert.deepEqual(off, []);
  });

  test("faults come and go with the store, and come again after a reboot", async () => {
    const { fake, machines, vm, wire } = await on();
    const faulty = broken(vm, "hang", "memory", "disk");
    for (const next of [faulty, faulty]) machines.want([next]);
    await settle();
    assert.deepEqual(fake.broken, ["hang true", "disk true", "memory true"]);
    fake.broken = [];
    fake.end("reboot");
    await settle();
    await wire();
    assert.deepEqual(fake.broken, ["hang true", "memory true"], "a full disk is full already");
    fake.broken = [];
    machines.want([vm]);
    await settle();
    assert.deepEqual(fake.broken, ["hang false", "disk false", "memory false"]);
  });

  test("a fault that cannot be had is a problem by name", async () => {
    const { fake, machines, vm, problems } = await on();
    fake.freeze = () => {
      throw new Error("no freezer");
    };
    machines.want([broken(vm, "hang")]);
    await settle();
    assert.deepEqual(problems, ["app: no freezer"]);
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
      poweredOff: () => undefined,
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
