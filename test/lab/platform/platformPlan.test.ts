import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { planPlatform, platformDelays, probedMembers } from "../../../lab/platform/platformPlan";
import { AzureFixture } from "../../support/azureFixtures";
import { type ViewOptions, viewOf } from "../../support/fabricView";

const plan = (fixture: AzureFixture, options?: ViewOptions) =>
  planPlatform(viewOf(fixture, options), platformDelays(2, 1));

describe("planPlatform", () => {
  test("each network knows its own machines, by primary address", () => {
    const { networks } = plan(new AzureFixture({ nvas: 2 }));
    const names = Object.entries(networks).map(([name, machines]) => [
      name.replace(/-[0-9a-f]{4}$/, ""),
      Object.keys(machines),
    ]);
    assert.deepEqual(Object.fromEntries(names), {
      "vnet-app-net": ["10.1.0.4"],
      "vnet-provider-net": ["10.7.1.5", "10.7.1.6"],
      "vnet-web-net": ["10.1.0.4"],
    });
  });

  test("userData as stored, empty when there is none", () => {
    const fixture = new AzureFixture();
    fixture.change("app", (properties) => {
      properties.userData = "eA==";
    });
    const told = Object.values(plan(fixture).networks).flatMap((machines) =>
      Object.values(machines),
    );
    assert.deepEqual(told.map(({ userData }) => userData).sort(), ["", "", "eA=="]);
  });

  test("probes members as the rule's probe says, each once", () => {
    const { probes } = plan(new AzureFixture({ nvas: 2, probe: { requestPath: "/health" } }));
    assert.deepEqual(
      probes.map(({ address, port, path, interval, protocol }) => ({
        address,
        port,
        path,
        interval,
        protocol,
      })),
      ["10.7.1.5", "10.7.1.6"].map((address) => ({
        ...{ address, port: 8080, path: "/health", interval: 5, protocol: "Http" },
      })),
    );
  });

  test("a machine that is off is probed on, and begins no new life", () => {
    const { probes } = plan(new AzureFixture({ nvas: 2 }), { off: ["nva1"] });
    assert.deepEqual(
      probes.map(({ address, epoch }) => [address, epoch === ""]),
      [
        ["10.7.1.5", true],
        ["10.7.1.6", false],
      ],
    );
    const members = probedMembers(viewOf(new AzureFixture(), { off: ["nva1"] }));
    assert.deepEqual(
      members.map(({ netns }) => netns),
      [undefined],
    );
  });

  test("events of a group reach all of it, once their time is set", () => {
    const fixture = new AzureFixture({ nvas: 2 });
    const set = { id: "/subscriptions/s/availabilitySets/a" };
    const event = { EventId: "e1", EventType: "Reboot", act: "restart", notice: 900 };
    const shown = () =>
      Object.values(plan(fixture).networks).flatMap((machines) =>
        Object.entries(machines).map(([address, { events }]) => [
          address,
          events.map(({ EventId }) => EventId),
        ]),
      );
    for (const name of ["nva1", "nva2"]) {
      fixture.change(name, (properties) => {
        properties.availabilitySet = set;
      });
    }
    fixture.change("nva1", (properties) => {
      properties.scheduledEvents = [event];
    });
    assert.deepEqual(
      shown().filter(([, events]) => events?.length !== 0),
      [],
    );
    fixture.change("nva1", (properties) => {
      properties.scheduledEvents = [{ ...event, due: "2026-01-01T00:00:00Z" }];
    });
    assert.deepEqual(
      shown().filter(([, events]) => events?.length !== 0),
      [
        ["10.7.1.5", ["e1"]],
        ["10.7.1.6", ["e1"]],
      ],
    );
  });

  test("no key, no password, no customData reaches the metadata", () => {
    const text = JSON.stringify(plan(new AzureFixture({ customData: "c2VjcmV0" })));
    assert.doesNotMatch(text, /c2VjcmV0/);
  });
});
