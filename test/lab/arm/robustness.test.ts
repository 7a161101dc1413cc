import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Arm, ArmError } from "../../../lab/arm/arm";
import { referencesOf } from "../../../lab/arm/references";
import type { Body } from "../../../lab/arm/resource";
import * as az from "./fixture";

/** Every place in a body, from the outside in. */
function places(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, item]) =>
    places(item, path === "" ? key : `${path}.${key}`),
  );
  return path === "" ? inside : [path, ...inside];
}

const odd = fc.oneof(
  fc.constantFrom(undefined, null, "", "x", 0, -1, 1.5, true, [], {}, [{}], [null]),
  fc.constantFrom(
    az.gateway,
    az.vnet,
    az.nvaSubnet,
    az.gatewayFrontend,
    { id: az.gatewayPool },
    { id: 7 },
  ),
  fc.constantFrom("10.7.0.0/24", "::/0", "fd00::1", "Standard", "Gateway", "Basic", "All"),
  fc.jsonValue(),
);

const write = fc.integer({ min: 0, max: az.layout.length - 1 }).chain((i) => {
  const [id, body] = az.layout[i] ?? ["", () => ({})];
  return fc.record({
    id: fc.constantFrom(id, `${id}-new`),
    body: fc.constant(body()),
    changes: fc.array(fc.tuple(fc.constantFrom(...places(body())), odd), {
      minLength: 1,
      maxLength: 3,
    }),
  });
});

test("any write is taken or refused by Azure's rules, and what is taken can be read and written back", async () => {
  const { arm, store } = await az.referenceAzure();
  await fc.assert(
    fc.asyncProperty(write, async ({ id, body, changes }) => {
      let wrong: Body = body;
      for (const [where, value] of changes) {
        try {
          wrong = az.changed(wrong, where, value);
        } catch {
          return; // an earlier change took the place away
        }
      }
      try {
        const made = await arm.put(id, wrong);
        const { seq } = store.snapshot();
        await arm.put(made.id, made as Body);
        assert.equal(store.snapshot().seq, seq, "writing back what was read is a change");
      } catch (error) {
        assert.ok(error instanceof ArmError, (error as Error).stack);
        assert.match(error.code, /^[A-Z][A-Za-z0-9]+$/);
      }
    }),
    { numRuns: 500 },
  );
});

/** Ids that are named somewhere and belong to nothing. */
async function dangling(arm: Arm): Promise<string[]> {
  // A machine shows the id of its own disk, which is no resource of its own here.
  const named = (await arm.list())
    .flatMap((resource) => [...referencesOf(resource)])
    .filter((id) => !id.includes("/microsoft.compute/disks/"));
  const found = await Promise.all(
    [...new Set(named)].map(async (id) => ((await arm.get(id)) === undefined ? [id] : [])),
  );
  return found.flat();
}

test("in whatever order things are made and deleted, nothing ever names what is not there", async () => {
  const known = fc.integer({ min: 0, max: az.layout.length - 1 });
  const step = fc.tuple(fc.constantFrom("put", "put", "delete"), known);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, full) => {
      const { arm } = full ? await az.referenceAzure() : az.emptyStore();
      for (const [op, i] of steps) {
        const [id, body] = az.layout[i] ?? ["", () => ({})];
        const work: Promise<unknown> = op === "put" ? arm.put(id, body()) : arm.delete(id);
        await work.catch((error: unknown) => assert.ok(error instanceof ArmError, String(error)));
      }
      assert.deepEqual(await dangling(arm), []);
    }),
    { numRuns: 60 },
  );
});
