/** Scale sets with real machines: scaling, rolling changes, and a bad one that stops. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Arm } from "../../../lab/arm/arm";
import type { Body } from "../../../lab/arm/resource";
import type { Store } from "../../../lab/arm/store";
import { scale } from "../../../lab/compute/scaleSets/operations";
import { removeCgroups } from "../../../lab/machine/cgroups";
import { ensureRootfs } from "../../../lab/machine/image";
import { Machine } from "../../../lab/machine/machine";
import { cacheDir } from "../../../lab/paths";
import { Progress } from "../../../lab/progress";
import { run } from "../../../lab/run";
import { Fabric } from "../../../lab/supervisor/fabric";
import type { LabStatus } from "../../../lab/supervisor/status";
import * as az from "../../lab/arm/fixture";
import { AzureFixture, FRONTEND_ADDRESS } from "../../support/azureFixtures";
import { FabricBox } from "../../support/fabricBox";

/** Longest wait for anything, in milliseconds. */
const PATIENCE = 90_000;
const profile = "properties.virtualMachineProfile";
const rolling = "properties.upgradePolicy.rollingUpgradePolicy";

/** A guest that is as well as its userData says, and answers both kinds of probe. */
const GUEST = `
import base64, http.server, json, urllib.request
URL = "http://169.254.169.254/metadata/instance/compute/userData?api-version=2021-01-01&format=text"
def state():
    request = urllib.request.Request(URL, headers={"Metadata": "true"})
    with urllib.request.urlopen(request, timeout=2) as answer:
        # The first word; what follows makes it another userData.
        return base64.b64decode(answer.read()).decode().split()[0]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"ApplicationHealthState": state()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
`;
const customData = `#cloud-config
write_files:
- path: /srv/guest.py
  encoding: b64
  content: ${Buffer.from(GUEST).toString("base64")}
- path: /etc/systemd/system/guest.service
  content: |
    [Service]
    ExecStart=/usr/bin/python3 /srv/guest.py
runcmd:
- [systemctl, start, guest]
`;
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** In one batch: for changes whose batches are not the point. */
const atOnce = (body: Body): Body =>
  ["maxBatchInstancePercent", "maxUnhealthyInstancePercent"].reduce(
    (changed, name) => az.changed(changed, `${rolling}.${name}`, 100),
    az.changed(body, `${rolling}.enableCrossZoneUpgrade`, true),
  );

/** The scale set with a state in its userData, and an image. */
function fleet(capacity: number, state: string, version = "latest"): Body {
  const values: [where: string, value: unknown][] = [
    [`${profile}.osProfile.customData`, base64(customData)],
    [`${profile}.userData`, base64(state)],
    [`${profile}.storageProfile.imageReference.version`, version],
    [`${rolling}.maxUnhealthyInstancePercent`, 50],
    [`${rolling}.prioritizeUnhealthyInstances`, true],
    // A machine that is made anew needs its time until it can answer.
    [`${profile}.extensionProfile.extensions.0.properties.settings.gracePeriod`, 600],
    ["properties.automaticRepairsPolicy", { enabled: false }],
  ];
  return values.reduce(
    (body, [where, value]) => az.changed(body, where, value),
    az.goodFleet(capacity),
  );
}

describe("a scale set of machines", { timeout: 300_000 }, () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "gwlb-fleet-"));
  let fabric: Fabric;
  let arm: Arm;
  let store: Store;

  before(async () => {
    const image = await ensureRootfs(cacheDir(), new Progress());
    const azure = await az.referenceAzure();
    store = azure.store;
    arm = new Arm(azure.store, { fabricRuns: () => true });
    for (const id of [az.nva, az.nvaNic]) await arm.delete(id);
    fabric = new Fabric({
      store: azure.store,
      arm: new Arm(azure.store),
      scaleSetArm: arm,
      timeFactor: 0.02,
      host: { labDir: dir, image, machines: path.join(dir, "machines"), consoles: dir },
      maker: Machine,
      statusFile: path.join(dir, "status.json"),
      boxPid: process.pid,
      userDataDelay: 0,
    });
    fabric.start();
    await arm.put(az.fleet, fleet(1, "Healthy"));
    await untilWell(1);
  });
  after(async () => {
    await fabric.close();
    await run(["ip", "-all", "netns", "delete"]);
    removeCgroups(dir);
    rmSync(dir, { recursive: true, force: true });
  });

  async function until(what: string, satisfied: (status: LabStatus) => boolean): Promise<void> {
    for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(20)) {
      if (fabric.status !== undefined && satisfied(fabric.status)) return;
    }
    throw new Error(`not in time: ${what}\n${JSON.stringify(fabric.status, undefined, 1)}`);
  }

  /** Writes the scale set, and waits until the fabric has seen it. */
  async function put(body: Body): Promise<void> {
    await arm.put(az.fleet, body);
    const { seq } = store.snapshot();
    await until("the change is seen", (status) => status.appliedSeq >= seq);
  }

  const of = ({ scaleSets: [set] }: LabStatus) => {
    assert.ok(set);
    return set;
  };
  const now = () => {
    assert.ok(fabric.status);
    return of(fabric.status);
  };

  /** So many are there, each well by its extension and by the gateway's probe. */
  const untilWell = (count: number) =>
    until(`${count} are well`, (status) => {
      const { instances } = status.scaleSets[0] ?? { instances: [] };
      const probed = status.gateways.flatMap(({ nvas }) => nvas).filter(({ healthy }) => healthy);
      const well = instances.filter(({ health }) => health === "Healthy");
      return instances.length === count && well.length === count && probed.length === count;
    });
  const untilUpgrade = (wanted: string) =>
    until(`the upgrade is ${wanted}`, (status) => of(status).upgrade?.status === wanted);
  const pids = () =>
    new Map(
      fabric.status?.places.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid]])),
    );

  test("grows to three and shrinks to one, and the first one stays", async () => {
    const [first] = now().instances;
    await arm.act((service) => scale("fleet", 3, service));
    await untilWell(3);
    await arm.act((service) => scale("fleet", 1, service));
    await until("one is left", (status) => status.places.length === 2);
    assert.deepEqual(
      now().instances.map(({ vm }) => vm),
      [first?.vm],
    );
    await arm.act((service) => scale("fleet", 3, service));
    await untilWell(3);
  });

  test("a change of userData reaches all in place", async () => {
    const before = pids();
    await put(atOnce(fleet(3, "Healthy again")));
    await untilUpgrade("Completed");
    await untilWell(3);
    assert.deepEqual(pids(), before, "nothing was restarted");
  });

  test("a change that makes health fail stops at the first of them, and the next good one recovers", async () => {
    await put(fleet(3, "Unhealthy"));
    await untilUpgrade("Faulted");
    const { upgrade, instances } = now();
    assert.match(upgrade?.error ?? "", /maxUnhealthyUpgradedInstancePercent 20.*Unhealthy/);
    assert.deepEqual([upgrade?.failed, upgrade?.pending], [1, 2]);
    assert.equal(instances.filter(({ health }) => health === "Healthy").length, 2);
    await put(atOnce(fleet(3, "Healthy")));
    await untilUpgrade("Completed");
    await untilWell(3);
  });

  test("another image is a new disk for one after another", async () => {
    const before = pids();
    await put(fleet(3, "Healthy", "24.04.202601010"));
    const waits = new Set<string>();
    await until("the upgrade is Completed", (status) => {
      const { status: is, waiting } = of(status).upgrade ?? {};
      for (const vm of waiting?.vms ?? []) waits.add(`${waiting?.what} ${vm}`);
      return is === "Completed";
    });
    for (const { vm } of now().instances) {
      for (const what of ["restart", "health"])
        assert.ok(waits.has(`${what} ${vm}`), [...waits].join());
    }
    await untilWell(3);
    for (const [name, pid] of pids()) assert.notEqual(pid, before.get(name), name);
  });
});

describe("a scale set behind a chained frontend", { timeout: 120_000 }, () => {
  let box: FabricBox;
  const fixture = new AzureFixture({ webs: 0 });
  const weblb = fixture.idOf("weblb");
  const set = weblb.replace(
    "Microsoft.Network/loadBalancers/weblb",
    "Microsoft.Compute/virtualMachineScaleSets/webs",
  );
  const webs = (capacity: number): Body => {
    const ip = `${profile}.networkProfile.networkInterfaceConfigurations.0.properties.ipConfigurations.0.properties`;
    const values: [where: string, value: unknown][] = [
      ["properties.upgradePolicy", { mode: "Manual" }],
      ["properties.automaticRepairsPolicy", undefined],
      [`${profile}.extensionProfile`, undefined],
      [`${ip}.subnet.id`, `${fixture.idOf("web-net")}/subnets/default`],
      [`${ip}.loadBalancerBackendAddressPools`, [{ id: `${weblb}/backendAddressPools/webs` }]],
    ];
    return values.reduce(
      (body, [where, value]) => az.changed(body, where, value),
      az.goodFleet(capacity),
    );
  };

  before(async () => {
    box = await FabricBox.open(fixture);
    await box.beNva("nva1");
    await box.serve("nva1");
    await box.untilHealthy("nva1", true);
  });
  after(() => box.close());

  const instances = () => box.status.scaleSets[0]?.instances.map(({ vm }) => vm) ?? [];

  /** Who answers so many requests from the internet, each a flow of its own through the NVA. */
  async function answering(requests: number): Promise<Set<string | undefined>> {
    const found = new Set<string | undefined>();
    for (let i = 0; i < requests; i += 1) {
      const answer = await box.ask("internet", FRONTEND_ADDRESS, 80, "203.0.113.9");
      assert.equal(answer?.peer, "203.0.113.9");
      found.add(answer.server);
    }
    return found;
  }

  test("its instances share the flows, each through the NVA, and nobody else has any", async () => {
    await box.arm.put(set, webs(2));
    await box.until("both are on", ({ places }) => {
      const on = places.filter(({ name, power }) => /^webs_/.test(name) && power === "running");
      return on.length === 2;
    });
    for (const vm of instances()) await box.serve(vm);
    const rise = await box.rise("gw-", async () => {
      assert.deepEqual([...(await answering(16))].sort(), instances().sort());
    });
    assert.ok((rise.to_external ?? 0) >= 16 && rise.from_internal === rise.to_external);
    await box.arm.put(set, webs(1));
    await box.until("one is left", () => instances().length === 1);
    assert.deepEqual([...(await answering(6))], instances());
  });
});
