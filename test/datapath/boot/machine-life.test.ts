/** Real machines over the store: boot, reboot, power off, a full disk, a box that starts again. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Arm } from "../../../lab/arm/arm";
import { removeCgroups } from "../../../lab/machine/cgroups";
import { ensureRootfs } from "../../../lab/machine/image";
import { Machine } from "../../../lab/machine/machine";
import { cacheDir } from "../../../lab/paths";
import { Progress } from "../../../lab/progress";
import { type Argv, run } from "../../../lab/run";
import { Fabric } from "../../../lab/supervisor/fabric";
import type { LabStatus } from "../../../lab/supervisor/status";
import { AzureFixture } from "../../support/azureFixtures";

const customData = Buffer.from(`#cloud-config
runcmd:
- [sh, -c, 'echo first >> /var/log/first-boot']
write_files:
- path: /etc/systemd/system/web.service
  content: |
    [Service]
    ExecStart=/usr/bin/python3 -m http.server 8080 --directory /srv
    [Install]
    WantedBy=multi-user.target
`).toString("base64");

describe("a machine", { timeout: 180_000 }, () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "gwlb-machine-"));
  const fixture = new AzureFixture({ customData });
  let fabric: Fabric;
  let image: string;

  before(async () => {
    image = await ensureRootfs(cacheDir(), new Progress());
    for (const name of ["app", "web1"]) fixture.delete("Microsoft.Compute/virtualMachines", name);
    fabric = open();
    await until("the machine has booted", (status) => nva(status)?.power === "running");
  });
  after(async () => {
    await fabric.close();
    await run(["ip", "-all", "netns", "delete"]);
    removeCgroups(dir);
    rmSync(dir, { recursive: true, force: true });
  });

  function open(): Fabric {
    const made = new Fabric({
      store: fixture,
      arm: new Arm(fixture),
      host: { labDir: dir, image, machines: path.join(dir, "machines"), consoles: dir },
      maker: Machine,
      statusFile: path.join(dir, "status.json"),
      boxPid: process.pid,
      userDataDelay: 0,
    });
    made.start();
    return made;
  }

  const nva = (status: LabStatus) => status.places.find(({ name }) => name === "nva1");

  async function until(what: string, satisfied: (status: LabStatus) => boolean): Promise<void> {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(20)) {
      if (fabric.status !== undefined && satisfied(fabric.status)) return;
    }
    throw new Error(`not in time: ${what}\n${JSON.stringify(fabric.status, undefined, 1)}`);
  }

  async function inside(...argv: Argv): Promise<string> {
    const pid = fabric.status === undefined ? undefined : nva(fabric.status)?.pid;
    const { stdout } = await run(["nsenter", "-t", String(pid), "-a", "--", ...argv], {
      allowed: [0, 1, 255],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    });
    return stdout.trim();
  }

  test("is what its resource says: host name, address, user without password", async () => {
    assert.equal(await inside("hostname"), "nva1");
    assert.match(await inside("ip", "-4", "addr", "show", "eth0"), /10\.7\.1\.5\/16/);
    assert.match(await inside("getent", "shadow", "azureuser"), /^azureuser:[!*]/);
    assert.equal(await inside("cat", "/var/log/first-boot"), "first");
    assert.equal(
      JSON.parse(await inside("cat", "/run/cloud-init/result.json")).v1.errors.length,
      0,
    );
  });

  test("a reboot keeps the disk and forgets the network's state, and is no first boot", async () => {
    await inside("ip", "link", "add", "br0", "type", "bridge");
    await inside("systemctl", "enable", "web.service");
    const { bootedAt, netns } = nva(fabric.status as LabStatus) ?? {};
    await inside("systemctl", "reboot");
    await until("it is on again", (status) => {
      const now = nva(status);
      return now?.power === "running" && now.bootedAt !== bootedAt;
    });
    assert.notEqual(nva(fabric.status as LabStatus)?.netns, netns);
    assert.doesNotMatch(await inside("ip", "link"), /br0/);
    assert.equal(await inside("cat", "/var/log/first-boot"), "first");
    assert.match(await inside("ip", "-4", "route"), /default via 10\.7\.0\.1 dev eth0/);
    await until("its service is probed", (status) =>
      status.gateways.some(({ nvas }) => nvas.some(({ healthy }) => healthy)),
    );
  });

  test("a crash is healed", async () => {
    const before = nva(fabric.status as LabStatus);
    process.kill(before?.pid ?? 0, "SIGKILL");
    await until("it is on again", (status) => {
      const now = nva(status);
      return now?.power === "running" && now.pid !== undefined && now.pid !== before?.pid;
    });
  });

  test("its disk has an end", async () => {
    await inside("sh", "-c", "fallocate -l 1800M /var/most; cat /dev/zero > /var/full; sync");
    assert.match(await inside("df", "--output=pcent", "/"), /100%/);
    await inside("rm", "/var/most", "/var/full");
  });

  test("after the fabric starts again it goes on from its disk", async () => {
    await fabric.close();
    await run(["ip", "-all", "netns", "delete"]);
    fabric = open();
    await until("the machine has booted", (status) => nva(status)?.power === "running");
    assert.equal(await inside("cat", "/var/log/first-boot"), "first");
  });

  test("powered off it stays off, and is not probed", async () => {
    await inside("systemctl", "poweroff");
    await until("it is off", (status) => nva(status)?.power === "stopped");
    await until("its pool knows", ({ gateways }) =>
      gateways.some(({ nvas }) => nvas.some(({ reason }) => reason === "the machine is off")),
    );
  });

  test("deleted, its disk goes with it", async () => {
    fixture.delete("Microsoft.Compute/virtualMachines", "nva1");
    fixture.tell();
    await until("it is gone", (status) => nva(status) === undefined);
    const left = () => [
      ...readdirSync(path.join(dir, "machines")),
      ...readdirSync(dir).filter((file) => file === "uuid-nva1.log"),
    ];
    for (const end = Date.now() + 5000; Date.now() < end && left().length > 0; ) await sleep(20);
    assert.deepEqual(left(), []);
  });
});
