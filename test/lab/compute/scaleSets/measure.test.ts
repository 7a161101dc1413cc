import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuOf, readStat } from "../../../../lab/compute/scaleSets/measure";

test("processor time is that of all below, with what has ended; names may hold anything", () => {
  const stat = (pid: number, parent: number, ticks: readonly number[]) =>
    [
      pid,
      readStat(`${pid} (a) b (c)) S ${parent} 1 1 0 -1 4194560 9 9 9 9 ${ticks.join(" ")} 20 0`),
    ] as const;
  const all = new Map([
    stat(1, 0, [9, 9, 9, 9]),
    stat(7, 1, [100, 50, 30, 20]),
    stat(8, 7, [10, 5, 0, 0]),
    stat(9, 1, [9, 9, 9, 9]),
  ]);
  assert.equal(cpuOf(7, all), 2.15);
  assert.equal(cpuOf(5, all), undefined);
});
