/** A fleet whose number is Azure's, in the settings of `prod`, by the real engine. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ProjectLab } from "../support/lab";
import { read } from "../support/sources";

interface ScaleSet {
  name: string;
  zones: string[];
  sku: { capacity: number };
}
interface Autoscale {
  properties: { targetResourceUri: string };
}

describe("the settings of prod", () => {
  let lab: ProjectLab;
  const scaleSet = async () => {
    const id = (await lab.ids()).find((known) => /virtualMachineScaleSets\/[^/]+$/.test(known));
    return { id: id ?? assert.fail(), ...(await lab.resource<ScaleSet>(id ?? "")) };
  };

  before(async () => {
    lab = await ProjectLab.create(read("Pulumi.prod.yaml"));
    await lab.up();
  });
  after(() => lab.remove());

  test("are a fleet across zones with rules for its number", async () => {
    const { id, zones, sku } = await scaleSet();
    assert.deepEqual(zones, ["1", "2", "3"]);
    assert.equal(sku.capacity, 3);
    const { properties } = await lab.resource<Autoscale>("-nvas-autoscale");
    assert.equal(properties.targetResourceUri.toLowerCase(), id.toLowerCase());
    await lab.pulumi("preview", "--expect-no-changes");
  });

  test("leave the number that autoscale came to", async () => {
    const { name } = await scaleSet();
    const scaled = await lab.verb(["azure", "scale", name, "5"]);
    assert.equal(scaled.code, 0, scaled.stderr);
    await lab.pulumi("preview", "--expect-no-changes");

    await lab.write(read("Pulumi.prod.yaml").replace("192.0.2.0/24", "192.0.2.0/25"));
    const refused = await lab.verb(["pulumi", "up", "--yes", "--skip-preview"]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stdout + refused.stderr, /from 3 to 5.*--refresh/);
    assert.equal((await scaleSet()).sku.capacity, 5);

    await lab.pulumi("up", "--yes", "--skip-preview", "--refresh");
    assert.equal((await scaleSet()).sku.capacity, 5);
    await lab.pulumi("preview", "--expect-no-changes");
  });
});
