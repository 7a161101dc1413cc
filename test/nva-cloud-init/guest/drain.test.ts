/** What a drain waits for: the pure part of the guest's gwlb-drain. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { guestPython } from "../../support/guestPython";

const event = (fields: object) => ({
  EventId: "e1",
  EventType: "Terminate",
  ResourceType: "VirtualMachine",
  Resources: ["NVA"],
  EventStatus: "Scheduled",
  NotBefore: "Mon, 19 Sep 2016 18:29:47 GMT",
  ...fields,
});

/** Own events of a document, each with the seconds of notice that are left. */
async function own(events: unknown, clock = "Mon, 19 Sep 2016 18:24:47 GMT"): Promise<unknown> {
  const document = JSON.stringify(JSON.stringify({ DocumentIncarnation: 1, Events: events }));
  return guestPython(`
import json, time
from gwlb.drain.events import own_events
from gwlb.errors import ImdsError
from gwlb.imds import Answer
try:
    found = own_events(Answer(200, ${document}.encode(), ${JSON.stringify(clock)}), "nva", {})
    print(json.dumps([[e.id, e.type, round(e.until - time.monotonic()), e.started, e.shared] for e in found]))
except ImdsError as error:
    print(json.dumps(str(error)))`);
}

describe("events of this machine", () => {
  test("are those that name it, by whatever case, with the notice by the service's clock", async () => {
    const others = [event({ EventId: "e2", Resources: ["nva-2"] }), event({ EventType: "News" })];
    assert.deepEqual(await own([...others, event({})]), [["e1", "Terminate", 300, false, false]]);
  });

  test("are known for shared ones, which nobody may approve for the others", async () => {
    const shared = event({ Resources: ["other", "nva"] });
    assert.deepEqual(await own([shared]), [["e1", "Terminate", 300, false, true]]);
  });

  test("have no notice once they have begun", async () => {
    const begun = event({ EventStatus: "Started", NotBefore: "" });
    assert.deepEqual(await own([begun]), [["e1", "Terminate", 0, true, false]]);
  });

  for (const [what, events] of [
    ["no list", 5],
    ["an event that is none", [5]],
    ["resources that are none", [event({ Resources: 5 })]],
    ["no id", [event({ EventId: undefined })]],
  ] as const) {
    test(`${what}: refused, for the last good answer to stay`, async () => {
      assert.match(String(await own(events)), /not a document of events/);
    });
  }
});

describe("a drain", () => {
  const plan = (expression: string) =>
    guestPython(`
import json
from gwlb.drain.events import Event
from gwlb.drain.plan import Causes, Probes, causes, deadline, told
def event(id, type, started=False, until=100.0): return Event(id, type, started, until)
print(json.dumps(${expression}))`);

  for (const type of ["Terminate", "Reboot", "Redeploy", "Preempt", "Freeze"]) {
    test(`is for ${type}`, async () => {
      assert.equal(await plan(`causes([event("a", "${type}")], set(), None).text`), type);
    });
  }

  test("has no reason without events, and none in the restart that this boot comes from", async () => {
    assert.equal(await plan("causes([], set(), None)"), null);
    assert.equal(await plan('causes([event("a", "Reboot", True)], set(), None)'), null);
    assert.notEqual(
      await plan('causes([event("a", "Reboot", True)], {"a"}, None).text'),
      null,
      "but for one that it has drained for",
    );
    assert.equal(await plan('causes([event("a", "Freeze", True)], set(), None).text'), "Freeze");
  });

  test("waits for flows unless they survive", async () => {
    const ends = (events: string, stop = "None") =>
      plan(`causes([${events}], set(), ${stop}).flows_end`);
    assert.equal(await ends('event("a", "Freeze")'), false);
    assert.equal(await ends('event("a", "Freeze"), event("b", "Preempt")'), true);
    assert.equal(await ends("", "5.0"), true);
  });

  test("is over ten seconds before the notice is, earlier in a short one, and by the first of several", async () => {
    const until = (events: string, stop = "None") =>
      plan(`deadline(Causes((${events},), ${stop}), {"a": 0.0, "b": 0.0})`);
    assert.equal(await until('event("a", "Reboot")'), 90);
    assert.equal(await until('event("a", "Preempt", until=30.0)'), 24);
    assert.equal(await until('event("a", "Reboot"), event("b", "Preempt", until=30.0)'), 24);
    assert.equal(await until('event("a", "Reboot")', "60.0"), 60);
  });

  test("takes the load balancer for told by the second refusal, or where nobody asks", async () => {
    const knows = (refused: number, silent: number, interval: number) =>
      plan(`told(Probes(${refused}, ${silent}, ${interval}))`);
    assert.equal(await knows(1, 2, 5), false);
    assert.equal(await knows(2, 2, 5), true);
    assert.equal(await knows(0, 50, 5), false);
    assert.equal(await knows(0, 61, 5), true);
    assert.equal(await knows(0, 61, 300), false);
  });
});
