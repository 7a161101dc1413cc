/** Operations on virtual machines, and what the store tells of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Arm } from "../../../lab/arm/arm";
import type { Body, StoredResource } from "../../../lab/arm/resource";
import {
  type ActionOptions,
  type MachineAction,
  machineStateOf,
} from "../../../lab/compute/machineState";
import { eventsOf } from "../../../lab/compute/scheduledEvents";
import * as az from "../arm/fixture";

const running = { power: "running", run: 0, disk: 0 };

async function machine() {
  const { store } = await az.referenceAzure();
  const arm = new Arm(store, { fabricRuns: () => true });
  const stored = () => store.snapshot().resources.get(az.nva.toLowerCase()) as StoredResource;
  return { store, arm, stored, state: () => machineStateOf(stored()) };
}

/** Asks for notice of the machine's end, of a new image, or of both. */
async function withNotice(arm: Arm, ...profiles: string[]): Promise<void> {
  const body = { ...(await arm.get(az.nva)) } as Body;
  const notBeforeTimeout = "PT15M";
  const asked = profiles.map((name) => [name, { enable: true, notBeforeTimeout }]);
  Object.assign(body.properties as Body, { scheduledEventsProfile: Object.fromEntries(asked) });
  await arm.put(az.nva, body);
}

describe("Arm.action", () => {
  for (const [actions, state] of [
    [["powerOff"], { ...running, power: "stopped" }],
    [["powerOff", "start"], { ...running, run: 1 }],
    [["start"], running],
    [["restart"], { ...running, run: 1 }],
    [["redeploy"], { ...running, run: 1 }],
    [["reimage"], { ...running, run: 1, disk: 1 }],
    [["powerOff", "reimage"], { ...running, run: 1, disk: 1 }],
    [["deallocate"], { ...running, power: "deallocated" }],
    [["deallocate", "deallocate"], { ...running, power: "deallocated" }],
    [["powerOff", "deallocate", "start"], { ...running, run: 1 }],
  ] as [MachineAction[], object][]) {
    test(actions.join(", then "), async () => {
      const { arm, state: now } = await machine();
      for (const action of actions) assert.equal(await arm.action(az.nva, action), "done");
      assert.deepEqual(now(), state);
    });
  }

  test("a stop without shutdown is remembered until the next operation", async () => {
    const { arm, state } = await machine();
    const options: ActionOptions = { skipShutdown: true };
    await arm.action(az.nva, "powerOff", options);
    assert.equal(state().skipShutdown, true);
    await arm.action(az.nva, "start");
    assert.equal(state().skipShutdown, undefined);
  });

  for (const [first, refused] of [
    ["powerOff", "restart"],
    ["powerOff", "redeploy"],
    ["deallocate", "restart"],
    ["deallocate", "redeploy"],
    ["deallocate", "reimage"],
    ["deallocate", "powerOff"],
  ] as [MachineAction, MachineAction][]) {
    test(`refuses to ${refused} after ${first}`, async () => {
      const { arm } = await machine();
      await arm.action(az.nva, first);
      await assert.rejects(arm.action(az.nva, refused), {
        status: 409,
        code: "OperationNotAllowed",
      });
    });
  }

  test("refuses what is no virtual machine", async () => {
    const { arm } = await machine();
    await assert.rejects(arm.action(az.nvaNic, "restart"), { status: 404 });
  });

  test("the instance view shows the power, a plain answer does not", async () => {
    const { arm } = await machine();
    await arm.action(az.nva, "deallocate");
    const shown = await arm.get(az.nva, { expand: "instanceView" });
    assert.equal(az.at(shown, "properties.instanceView.statuses.1.code"), "PowerState/deallocated");
    assert.equal(az.at(await arm.get(az.nva), "properties.instanceView"), undefined);
  });

  test("no answer shows the state, no write changes it", async () => {
    const { arm, state } = await machine();
    await arm.action(az.nva, "powerOff");
    const shown = (await arm.get(az.nva)) as Body;
    assert.equal(az.at(shown, "properties.machineState"), undefined);
    await arm.put(az.nva, shown);
    assert.equal(state().power, "stopped");
  });
});

describe("notice", () => {
  test("a reimage of a machine that asked for it is an event first", async () => {
    const { arm, state, stored } = await machine();
    await withNotice(arm, "osImageNotificationProfile");
    assert.equal(await arm.action(az.nva, "reimage"), "scheduled");
    assert.deepEqual(state(), running);
    const [event] = eventsOf(stored());
    assert.deepEqual([event?.EventType, event?.act, event?.notice], ["Reboot", "reimage", 900]);
  });

  test("where nothing carries events out, all of it happens at once", async () => {
    const { arm, store } = await machine();
    await withNotice(arm, "osImageNotificationProfile", "terminateNotificationProfile");
    const alone = new Arm(store);
    assert.equal(await alone.action(az.nva, "reimage"), "done");
    await alone.delete(az.nva);
    assert.equal(await alone.get(az.nva), undefined);
  });

  test("a delete waits for its event, which is not raised twice", async () => {
    const { arm, stored } = await machine();
    await withNotice(arm, "terminateNotificationProfile");
    const [first, second] = [arm.delete(az.nva), arm.beginDelete(az.group)];
    assert.deepEqual(await second, [az.nva]);
    assert.deepEqual(
      eventsOf(stored()).map(({ EventType, act, notice }) => [EventType, act, notice]),
      [["Terminate", "delete", 900]],
    );
    await assert.rejects(arm.action(az.nva, "restart"), { code: "OperationNotAllowed" });
    await assert.rejects(arm.put(az.nva, (await arm.get(az.nva)) as Body), {
      code: "OperationNotAllowed",
    });
    await arm.forceDelete(az.nva);
    await first;
  });

  test("a machine that is off, or asked for none, goes without", async () => {
    for (const prepare of [
      (arm: Arm) => arm.action(az.nva, "powerOff"),
      (arm: Arm) => withNotice(arm, "osImageNotificationProfile"),
    ]) {
      const { arm } = await machine();
      await prepare(arm);
      assert.deepEqual(await arm.beginDelete(az.nva), []);
      assert.equal(await arm.get(az.nva), undefined);
    }
  });

  test("a delete that waits ends when nothing is left that carries events out", async () => {
    const { store, arm } = await machine();
    await withNotice(arm, "terminateNotificationProfile");
    let runs = true;
    const watched = new Arm(store, { fabricRuns: () => runs });
    const gone = watched.delete(az.nva);
    await watched.beginDelete(az.nva);
    runs = false;
    await gone;
    assert.equal(await watched.get(az.nva), undefined);
  });

  test("Terminate cannot be announced to a machine that did not ask for it", async () => {
    const { arm } = await machine();
    await assert.rejects(arm.raiseEvent(az.nva, { type: "Terminate" }), {
      code: "OperationNotAllowed",
      target: /terminateNotificationProfile/,
    });
  });
});
