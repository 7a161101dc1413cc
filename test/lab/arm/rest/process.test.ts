import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { ClientSettings } from "../../../../lab/arm/rest/clientSettings";
import { isAlive } from "../../../../lab/host/processes";
import { labPaths } from "../../../../lab/paths";
import { run } from "../../../../lab/run";
import { restOf, stopRest } from "../../../../lab/supervisor/rest";
import { labCommand } from "../../../support/lab";

describe("a lab's Azure Resource Manager without machines", () => {
  const dir = mkdtempSync(path.join(tmpdir(), "gwlb-endpoint-"));
  const lab = labPaths(path.join(dir, ".lab"));
  before(() => mkdirSync(lab.dir));
  after(async () => {
    await stopRest(lab);
    rmSync(dir, { recursive: true, force: true });
  });
  const verb = async (...args: string[]) => {
    const result = await labCommand(dir, ["--lab", lab.dir, ...args]);
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  };
  const settings = async () =>
    JSON.parse(await verb("azure", "endpoint", "--json")) as ClientSettings;
  const subscriptions = ({ endpoint, caFile, token }: ClientSettings) =>
    run([
      ...["curl", "--silent", "--show-error", "--cacert", caFile, "--noproxy", "*"],
      ...["-H", `authorization: Bearer ${token}`],
      `${endpoint}/subscriptions?api-version=2022-12-01`,
    ]);

  test("the verb starts it, it keeps address and secret when it is killed, and down ends it", async () => {
    const first = await settings();
    assert.match((await subscriptions(first)).stdout, new RegExp(first.subscriptionId));
    const status = restOf(lab);
    assert.ok(status !== undefined);
    assert.ok((await verb("status")).includes(first.endpoint));
    process.kill(status.process.pid, "SIGKILL");
    while (isAlive(status.process)) await new Promise((resolve) => setImmediate(resolve));
    const { token: _, ...second } = await settings();
    const { token, ...before } = first;
    assert.deepEqual(second, before);
    assert.match((await subscriptions({ ...second, token })).stdout, /"value"/);
    const env = await verb("azure", "endpoint", "--env");
    for (const name of ["ARM_ENDPOINT", "ARM_TOKEN", "NODE_EXTRA_CA_CERTS", "AZURE_CLIENT_ID"]) {
      assert.match(env, new RegExp(`^export ${name}='.+'$`, "m"));
    }
    await verb("down");
    assert.equal(restOf(lab), undefined);
    assert.ok(!readFileSync(lab.restLog, "utf8").includes(first.clientSecret));
  });
});
