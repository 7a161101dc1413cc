import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { describeAct } from "../../../lab/proof/flows";
import type { Verdict } from "../../../lab/proof/judge";
import { type ProofStatus, prove } from "../../../lab/proof/proof";
import { flowTable } from "../../../lab/proof/tables";
import { Undo, withUndo } from "../../../lab/undo";
import { forgetRule, goAround, plainGateway } from "../../support/plainGateway";

const failed = (verdicts: readonly Verdict[]) =>
  verdicts.filter(({ passed }) => !passed).map(({ flow }) => describeAct(flow.act));

describe("the proof, over a gateway of plain namespaces", () => {
  const undo = new Undo();
  let status: ProofStatus;
  const proof = () => withUndo((own) => prove(status, own, () => undefined));
  before(async () => {
    status = await plainGateway(undo);
  });
  after(() => undo.run());

  test("holds while the NVA does its work", async () => {
    const verdicts = await proof();
    assert.deepEqual(failed(verdicts), [], flowTable(verdicts));
    const drop = verdicts.find(({ flow }) => flow.expected === "dropped by the NVA");
    assert.deepEqual(drop?.counters, ["no-ssh 0 → 3"]);
  });

  test("fails where the rule is gone, and only there", async () => {
    await forgetRule();
    assert.deepEqual(failed(await proof()), ["22/tcp"]);
  });

  test("fails for every flow that went around the NVA", async () => {
    await goAround();
    const verdicts = await proof();
    assert.equal(failed(verdicts).length, verdicts.length);
  });
});
