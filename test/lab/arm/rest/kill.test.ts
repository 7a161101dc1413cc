import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { clientSettings } from "../../../../lab/arm/rest/clientSettings";
import { Directory } from "../../../../lab/arm/rest/identity";
import { Store } from "../../../../lab/arm/store";
import { labPaths } from "../../../../lab/paths";
import { ensureRest, stopRest } from "../../../../lab/supervisor/rest";
import { good } from "../fixture";

const WRITERS = 20;
/** So many answers, and the process is killed in the middle of the others. */
const ANSWERS = 60;

test("a process killed while it writes has lost nothing that it answered, and tore nothing", async () => {
  const dir = mkdtempSync(path.join(tmpdir(), "gwlb-kill-"));
  const lab = labPaths(path.join(dir, ".lab"));
  mkdirSync(lab.dir);
  try {
    const status = await ensureRest(lab, false);
    const directory = Directory.open(lab.rest, status.endpoint);
    const { token, subscriptionId } = clientSettings({ ...status, directory });
    const agent = new Agent({ keepAlive: true, ca: readFileSync(status.caFile) });
    const group = `/subscriptions/${subscriptionId}/resourceGroups/k`;
    const put = (id: string, body: unknown) =>
      new Promise<number>((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
        const url = `${status.endpoint}${id}?api-version=2024-05-01`;
        const outgoing = request(url, { method: "PUT", agent, headers }, (reply) => {
          reply.resume().on("end", () => resolve(reply.statusCode ?? 0));
          reply.on("error", reject);
        });
        outgoing.on("error", reject).end(JSON.stringify(body));
      });
    assert.equal(await put(group, good.group()), 201);
    const answered: string[] = [];
    const writer = async (own: number) => {
      for (let i = 0; ; i++) {
        const id = `${group}/providers/Microsoft.Network/publicIPAddresses/p${own}-${i}`;
        if ((await put(id, good.publicIp())) !== 201) throw new Error("refused");
        answered.push(id);
        if (answered.length === ANSWERS) process.kill(status.process.pid, "SIGKILL");
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: WRITERS }, (_, i) => writer(i)));
    for (const end of ends) {
      assert.ok(end.status === "rejected" && !/refused/.test(String(end.reason)), String(end));
    }
    agent.destroy();
    const { resources } = Store.open(lab.azure).snapshot();
    for (const id of answered) assert.ok(resources.has(id.toLowerCase()), `${id} is lost`);
    const addresses = [...resources.values()].flatMap(({ properties }) =>
      typeof properties.ipAddress === "string" ? [properties.ipAddress] : [],
    );
    assert.equal(new Set(addresses).size, addresses.length, "two writers got one address");
  } finally {
    await stopRest(lab);
    rmSync(dir, { recursive: true, force: true });
  }
});
