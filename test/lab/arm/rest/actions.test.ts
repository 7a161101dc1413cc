import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { objectIdOf } from "../../../../lab/arm/principals";
import { asBodies, asBody, type Body } from "../../../../lab/arm/resource";
import { run } from "../../../../lab/run";
import * as az from "../fixture";
import { codeOf, type Reply, type RestAzure, restAzure } from "./client";

const everyCode = Array.from({ length: 256 }, (_, code) => code);

describe("actions over the interface", () => {
  let azure: RestAzure;
  before(async () => {
    const { store, arm } = await az.referenceAzure();
    await arm.put(az.fleet, az.goodFleet(2));
    // This machine stands in for the guest: what is proven is what reaches it and what comes back.
    const runInMachine = () => (_vm: unknown, argv: readonly string[], input: string) =>
      run(argv, { input, allowed: everyCode });
    azure = await restAzure(store, { runInMachine });
  });
  after(() => azure.close());
  const power = async () => {
    const { body } = await azure.send("GET", `${az.nva}/instanceView`);
    return asBodies(body.statuses)[1]?.code;
  };
  const command = (body: Body) => azure.send("POST", `${az.nva}/runCommand`, { body });
  /** The end of an operation. */
  const settled = async (reply: Reply): Promise<Reply> => {
    if (reply.status !== 202) return reply;
    const at = String(reply.headers.location).slice(azure.server.endpoint.length);
    return settled(await azure.send("GET", at, { version: null }));
  };
  const messageOf = (body: Body) => String(asBodies(body.value)[0]?.message);

  test("a machine is stopped and started, and its view says so", async () => {
    await azure.send("POST", `${az.nva}/powerOff?skipShutdown=true`);
    assert.equal(await power(), "PowerState/stopped");
    const script = { commandId: "RunShellScript", script: ["true"] };
    assert.equal(codeOf(await command(script)), "OperationNotAllowed");
    const started = await azure.send("POST", `${az.nva}/start`);
    assert.deepEqual([started.status, started.headers["retry-after"]], [202, undefined]);
    assert.equal((await settled(started)).status, 200);
    assert.equal(await power(), "PowerState/running");
    const { body } = await azure.send("GET", `${az.nva}/instanceView`);
    assert.ok(asBodies(asBody(body.vmAgent)?.statuses)[0]?.time);
  });

  test("a script runs with its parameters, by the interpreter that it names", async () => {
    const shell = await settled(
      await command({
        commandId: "RunShellScript",
        script: ['echo "$1 $WHO"', "echo wrong >&2"],
        parameters: [{ value: "hello there" }, { name: "WHO", value: "you; echo no" }],
      }),
    );
    assert.equal(shell.status, 200, shell.text);
    assert.equal(
      messageOf(shell.body),
      "Enable succeeded: \n[stdout]\nhello there you; echo no\n\n[stderr]\nwrong\n",
    );
    const python = await settled(
      await command({
        commandId: "RunShellScript",
        script: ["#!/usr/bin/env python3", "import sys", "sys.exit(print(6 * 7) or 3)"],
      }),
    );
    assert.match(messageOf(python.body), /exit status=3\n\[stdout\]\n42\n/);
    assert.equal(
      codeOf(await command({ commandId: "RunPowerShellScript", script: [] })),
      "InvalidParameter",
    );
  });

  test("a script that takes its time is answered with where to look", async () => {
    const begun = await command({ commandId: "RunShellScript", script: ["sleep 1.2; echo done"] });
    assert.equal(begun.status, 202);
    const reply = await settled(begun);
    assert.equal(reply.status, 200);
    assert.match(messageOf(reply.body), /\[stdout\]\ndone/);
  });

  test("a scale set shows its instances, and is scaled, upgraded and operated", async () => {
    const list = async () =>
      asBodies((await azure.send("GET", `${az.fleet}/virtualMachines`)).body.value);
    const before = await list();
    assert.equal(before.length, 2);
    assert.ok(before.every((vm) => asBody(vm.properties)?.latestModelApplied === true));
    assert.ok(before.every((vm) => asBody(vm.properties)?.machineState === undefined));
    const scaled = await azure.send("PATCH", az.fleet, { body: { sku: { capacity: 3 } } });
    assert.equal(scaled.status, 200, scaled.text);
    assert.equal((await list()).length, 3);
    const [first] = before;
    const named = { instanceIds: [first?.instanceId] };
    const upgraded = await azure.send("POST", `${az.fleet}/manualupgrade`, { body: named });
    assert.equal(upgraded.status, 202, upgraded.text);
    assert.equal((await azure.send("POST", `${az.fleet}/restart`, { body: named })).status, 202);
    const none = { instanceIds: ["none"] };
    const wrong = await azure.send("POST", `${az.fleet}/restart`, { body: none });
    assert.equal(codeOf(wrong), "InvalidParameter");
    await azure.send("POST", `${az.fleet}/delete`, { body: named });
    assert.equal((await list()).length, 2);
  });

  test("who may only read may not act", async () => {
    const client = "22222222-2222-3333-4444-555555555555";
    const token = azure.tokenOf(client);
    const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    const grant = "/providers/Microsoft.Authorization/roleAssignments";
    await azure.send("PUT", `${az.group}${grant}/33333333-2222-3333-4444-555555555555`, {
      body: {
        properties: {
          roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${reader}`,
          principalId: objectIdOf(client),
          principalType: "ServicePrincipal",
        },
      },
    });
    assert.equal((await azure.send("GET", az.nva, { token })).status, 200);
    for (const action of ["restart", "runCommand"]) {
      const body = { commandId: "RunShellScript", script: ["true"] };
      const reply = await azure.send("POST", `${az.nva}/${action}`, { token, body });
      assert.deepEqual([reply.status, codeOf(reply)], [403, "AuthorizationFailed"]);
    }
    const upgrade = await azure.send("POST", `${az.fleet}/osRollingUpgrade`, { token, body: {} });
    assert.equal(upgrade.status, 403);
  });
});
