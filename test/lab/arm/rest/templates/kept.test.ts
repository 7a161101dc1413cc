/** Deployments outlive the process that carried them out. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { asBodies, asBody, type Body } from "../../../../../lab/arm/resource";
import { Deployments, type KeptDeployment } from "../../../../../lab/arm/rest/templates/kept";

const DEPLOYMENTS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/deployments";

const kept = (name: string, state: KeptDeployment["state"]): KeptDeployment => ({
  ...{ id: `${DEPLOYMENTS}/${name}`, name, startedAt: 1, state, operations: [{ id: "1" }] },
  body: { name, properties: { provisioningState: state } },
});

describe("remembered deployments", () => {
  let folder: string;
  const opened = () => new Deployments(folder);
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "deployments-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("one that ended is there after a restart, and can be deleted", async () => {
    const first = opened();
    let state: KeptDeployment["state"] = "Running";
    const work = Promise.resolve().then(() => {
      state = "Succeeded";
    });
    first.begin(`${DEPLOYMENTS}/a`, () => kept("a", state), work);
    assert.equal(first.get(`${DEPLOYMENTS}/A`)?.state, "Running");
    await work;
    await new Promise(setImmediate);
    const second = opened();
    assert.deepEqual(second.get(`${DEPLOYMENTS}/a`), kept("a", "Succeeded"));
    assert.deepEqual(
      second.under(DEPLOYMENTS).map(({ name }) => name),
      ["a"],
    );
    assert.deepEqual(second.under(`${DEPLOYMENTS}/a`), []);
    second.delete(`${DEPLOYMENTS}/a`);
    assert.equal(opened().get(`${DEPLOYMENTS}/a`), undefined);
  });

  test("one that the process did not end has failed, and says why", () => {
    const forever = new Promise(() => {});
    opened().begin(`${DEPLOYMENTS}/b`, () => kept("b", "Running"), forever);
    const found = opened().get(`${DEPLOYMENTS}/b`);
    const properties = asBody(found?.body.properties);
    assert.deepEqual([found?.state, properties?.provisioningState], ["Failed", "Failed"]);
    assert.equal(asBody(properties?.error)?.code, "InternalServerError");
    assert.equal((asBody(found?.error) as { error: Body }).error.code, "InternalServerError");
  });

  test("the file is its owner's; one that cannot be read is as good as none", () => {
    const file = path.join(folder, "deployments.json");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(asBodies(JSON.parse(readFileSync(file, "utf8"))).length, 1);
    writeFileSync(file, "[{");
    assert.deepEqual(opened().under(DEPLOYMENTS), []);
  });
});
