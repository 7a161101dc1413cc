/** `lab az` with a stand-in for the CLI that writes down how it was called. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { Directory } from "../../../lab/arm/rest/identity";
import { azEnvironment, azFor } from "../../../lab/cli/azCommand";
import { labPaths } from "../../../lab/paths";
import { stopRest } from "../../../lab/supervisor/rest";
import { labCommand } from "../../support/lab";

const dir = mkdtempSync(path.join(tmpdir(), "gwlb-az-"));
const lab = labPaths(path.join(dir, ".lab"));
const bin = path.join(dir, "bin");
const calls = path.join(dir, "calls");

/** Writes a line for each call, shows a file that an argument names, and knows no cloud. */
const STAND_IN = `#!/bin/sh
printf '%s' "$AZURE_CONFIG_DIR|$REQUESTS_CA_BUNDLE" >>"$CALLS"
for word; do case "$word" in @*) word="@$(cat "\${word#@}")" ;; esac; printf '|%s' "$word" >>"$CALLS"; done
echo >>"$CALLS"
echo '[]'
[ "$1" != vm ] || exit 3
`;

describe("lab az", () => {
  mkdirSync(bin);
  writeFileSync(path.join(bin, "az"), STAND_IN, { mode: 0o755 });
  const PATH = `${bin}:${process.env.PATH}`;
  const env = { ...process.env, PATH, CALLS: calls, GWLB_LAB: undefined, INIT_CWD: undefined };
  const lines = () => readFileSync(calls, "utf8").trimEnd().split("\n");
  after(async () => {
    await stopRest(lab);
    rmSync(dir, { recursive: true, force: true });
  });

  test("registers the cloud and signs in once, by an endpoint that it starts", async () => {
    const { env: made } = await azFor(lab, env);
    await azFor(lab, env);
    const { port } = JSON.parse(readFileSync(lab.restStatus, "utf8")) as { port: number };
    const endpoint = `https://localhost:${port}`;
    const { clientId, clientSecret, tenantId } = Directory.open(lab.rest, endpoint);
    const folder = path.join(lab.dir, "az");
    const before = `${folder}|${path.join(lab.rest, "ca.pem")}`;
    assert.deepEqual(
      lines().map((line) => line.replace(/\|--output\|json$/, "")),
      [
        `${before}|cloud|list`,
        `${before}|cloud|register|--name|AzureLab|--endpoint-resource-manager|${endpoint}`,
        `${before}|cloud|set|--name|AzureLab`,
        `${before}|login|--service-principal|--username|${clientId}|--password|@${clientSecret}|--tenant|${tenantId}`,
      ],
    );
    assert.equal(made.AZURE_CONFIG_DIR, folder);
    assert.ok(!existsSync(path.join(folder, "secret")), "the secret stays on disk");
  });

  test("signs in again when the lab's address is another one", async () => {
    const mark = path.join(lab.dir, "az", "lab.json");
    writeFileSync(mark, JSON.stringify({ endpoint: "https://localhost:1", clientId: "x" }));
    const known = lines().length;
    await azFor(lab, env);
    assert.equal(lines().length, known + 4);
  });

  test("hands arguments and the exit code through", async () => {
    const { code } = await labCommand(dir, ["az", "vm", "show", "--help"], { env });
    assert.equal(code, 3);
    assert.match(lines().at(-1) ?? "", /\|vm\|show\|--help$/);
  });

  test("without an az it says what to install", async () => {
    await assert.rejects(azFor(lab, { PATH: path.join(dir, "none") }), {
      name: "UserError",
      message: /^there is no az on the PATH: install .*pipx install azure-cli/,
    });
  });

  test("keeps the user's own proxy settings and adds the lab", () => {
    const { NO_PROXY, no_proxy, ARM_CLOUD_METADATA_URL, HOME } = azEnvironment(
      { NO_PROXY: "corp.example", ARM_CLOUD_METADATA_URL: "https://x", HOME: "/h" },
      "/f",
      { caFile: "/ca" },
    );
    assert.deepEqual(
      { NO_PROXY, no_proxy, ARM_CLOUD_METADATA_URL, HOME },
      {
        NO_PROXY: "corp.example,localhost",
        no_proxy: "corp.example,localhost",
        ARM_CLOUD_METADATA_URL: undefined,
        HOME: "/h",
      },
    );
  });
});
