/** The remote form of the bench, on a machine that boots from its customData. */
import assert from "node:assert/strict";
import os from "node:os";
import { after, before, test } from "node:test";
import { bringUp, type Contender } from "../../../bench/dataPath/contenders";
import { dataPathTables } from "../../../bench/dataPath/tables";
import { SERVER } from "../../../bench/dataPath/way";
import { PORTS } from "../../../bench/policies";
import { benchRemote, endWith } from "../../../bench/remote";
import { type Reach, type RemoteAgent, reachOf, startAgent } from "../../../bench/remote/agent";
import { Undo } from "../../../lab/undo";

const ROUNDS = 2;
const CONNECTS = 50;

const undo = new Undo();
let ours: Contender;
before(async () => {
  const [up] = await bringUp(["ours1"], os.cpus().length - 1, undo, () => undefined);
  if (up?.guest === undefined) throw new Error("not up");
  ours = up;
});
after(() => undo.run());

/** As ssh does it, but for the way: a shell there takes the command's text apart. */
const shellIn =
  (...enter: string[]): Reach =>
  (python) => {
    const text = reachOf("host", false, ".lab")(python).at(-1) ?? "";
    return [...enter, "sh", "-c", text];
  };

const agent = async (host: string, reach: Reach): Promise<RemoteAgent> =>
  endWith(undo, await startAgent(host, reach));

test("connects, the NVA's share of them, and packets on its NIC, as one table", async () => {
  const client = await agent("client", shellIn("ip", "netns", "exec", "client-ours1"));
  const leader = String(ours.guest?.machine.leader);
  const nva = await agent("nva", shellIn("nsenter", "-t", leader, "-a", "--"));
  const targets = [{ name: "chained", address: SERVER, port: Number(PORTS.handshakes) }];
  const findings = await benchRemote({
    ...{ client, nva, targets, rounds: ROUNDS, connects: CONNECTS },
    ...{ datagrams: false, inject: true, note: () => undefined },
  });
  const { chained, nva: injected } = findings.samples;
  for (const figure of ["handshake", "transit"]) {
    const counts = (chained?.[figure] ?? []).map((round) => [round].flat().length);
    assert.deepEqual(counts, [CONNECTS, CONNECTS], figure);
  }
  for (const figure of ["packet64", "packet512", "packet1400", "connection"]) {
    assert.equal(injected?.[figure]?.length, ROUNDS, figure);
  }
  assert.match(
    dataPathTables(findings, "chained"),
    /\| chained \|[^\n]*\n\| ready-made packets \|/,
  );
});

test("a host that refuses is named with its reason", async () => {
  const client = await agent("elsewhere", shellIn("ip", "netns", "exec", "client-ours1"));
  await assert.rejects(client.ask({ do: "counters" }), /elsewhere: counters: no device vxlan-ex/);
});
