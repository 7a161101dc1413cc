import assert from "node:assert/strict";
import { test } from "node:test";
import { type Reading, type Turn, takeRounds } from "../../../bench/harness/rounds";

const MOMENT = 1e12; // long, so that a tick of steal on the test's machine is no share of it

function turn(contender: string, order: string[], waits: number[] = []): Turn {
  let looks = 0;
  const look = async (): Promise<Reading> => {
    order.push(contender);
    looks += 1;
    return { values: { figure: looks }, wall: MOMENT, waited: waits.shift() ?? 0 };
  };
  return { contender, looks: [look] };
}

test("every second round goes backwards", async () => {
  const order: string[] = [];
  await takeRounds([turn("a", order), turn("b", order)], { rounds: 3 });
  assert.equal(order.join(""), "abbaab");
});

test("a disturbed look is taken again, and does not count", async () => {
  const found = await takeRounds([turn("a", [], [MOMENT / 10, MOMENT / 10])], { rounds: 2 });
  assert.deepEqual(found, { samples: { a: { figure: [3, 4] } }, repeated: 2, disturbed: 0 });
});

test("a look that stays disturbed counts as it is, and is reported", async () => {
  const waits = [MOMENT, MOMENT, MOMENT];
  const found = await takeRounds([turn("a", [], waits)], { rounds: 1, repetitions: 2 });
  assert.deepEqual(found, { samples: { a: { figure: [3] } }, repeated: 2, disturbed: 1 });
});

test("a look may be patient", async () => {
  const look = async () => ({ values: {}, wall: MOMENT, waited: MOMENT / 5, patience: 0.3 });
  const { repeated } = await takeRounds([{ contender: "a", looks: [look] }], { rounds: 1 });
  assert.equal(repeated, 0);
});

test("preparation comes first in each turn, and gives figures too", async () => {
  const order: string[] = [];
  const prepare = async () => {
    order.push("prepare");
    return { load: 7 };
  };
  const { samples } = await takeRounds([{ ...turn("a", order), prepare }], { rounds: 2 });
  assert.equal(order.join(" "), "prepare a prepare a");
  assert.deepEqual(samples.a, { load: [7, 7], figure: [1, 2] });
});

test("without patience nothing is repeated, and late rounds do not begin", async () => {
  const waits = [MOMENT, MOMENT, MOMENT, MOMENT];
  const options = { rounds: 9, patienceSeconds: 0, seconds: 0 };
  const found = await takeRounds([turn("a", [], waits)], options);
  assert.deepEqual(found, { samples: { a: { figure: [1, 2, 3] } }, repeated: 0, disturbed: 3 });
});
