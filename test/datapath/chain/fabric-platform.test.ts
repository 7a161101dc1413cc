/** The platform's side: metadata service and probes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ScheduledEvent } from "../../../lab/compute/scheduledEvents";
import { start } from "../../../lab/run";
import { AzureFixture } from "../../support/azureFixtures";
import { FabricBox } from "../../support/fabricBox";

const DELAY = 1;
/** Two minutes until the first answer about events are one second, five until one shows 2.5 s. */
const FACTOR = 1 / 120;
const VERSION = "api-version=2021-02-01";

async function until(satisfied: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await satisfied()); await sleep(250)) {
    assert.ok(Date.now() < deadline, "not in time");
  }
}

describe("the metadata service", { timeout: 90_000 }, () => {
  let box: FabricBox;
  let asked: number[] = [];
  before(async () => {
    box = await FabricBox.open(new AzureFixture(), { userDataDelay: DELAY, timeFactor: FACTOR });
  });
  after(() => box.close());

  /** One request, within the rate that the service allows. */
  async function imds(path: string, headers = ["Metadata: true"], more: string[] = []) {
    asked = asked.filter((at) => Date.now() - at < 1100);
    if (asked.length >= 5) await sleep(1100);
    asked.push(Date.now());
    const { stdout } = await box.exec("app", [
      ...["curl", "-sS", "-m", "3", "-w", "\n%{http_code}"],
      ...headers.flatMap((header) => ["-H", header]),
      ...more,
      `http://169.254.169.254/metadata/${path}`,
    ]);
    const cut = stdout.lastIndexOf("\n");
    return { code: Number(stdout.slice(cut + 1)), body: stdout.slice(0, cut) };
  }
  const userData = `instance/compute/userData?${VERSION}&format=text`;

  test("shows a machine itself", async () => {
    const { code, body } = await imds(`instance?${VERSION}`);
    assert.equal(code, 200);
    const { compute, network } = JSON.parse(body);
    assert.equal(compute.name, "app");
    assert.equal(compute.vmId, "uuid-app");
    assert.equal(compute.resourceGroupName, "lab");
    assert.equal(network.interface[0].ipv4.ipAddress[0].privateIpAddress, "10.1.0.4");
    const name = await imds(`instance/compute/name?${VERSION}&format=text`);
    assert.deepEqual(name, { code: 200, body: "app" });
  });

  for (const { name, path, headers, code } of [
    { name: "no Metadata header", path: userData, headers: [], code: 400 },
    {
      name: "a forwarded request",
      path: userData,
      headers: ["Metadata: true", "X-Forwarded-For: 10.1.0.9"],
      code: 400,
    },
    { name: "no version", path: "instance", code: 400 },
    { name: "an unknown version", path: "instance?api-version=1999-01-01", code: 400 },
    { name: "a leaf without format=text", path: `instance/compute/name?${VERSION}`, code: 400 },
    { name: "no such node", path: `instance/compute/nothing?${VERSION}&format=text`, code: 404 },
    {
      name: "userData of a version before it",
      path: "instance/compute/userData?api-version=2020-09-01&format=text",
      code: 404,
    },
  ]) {
    test(`refuses: ${name}`, async () => assert.equal((await imds(path, headers)).code, code));
  }

  test("shows a change of userData after a while, and the old one meanwhile", async () => {
    // Three requests that must not wait for the rate: the first one makes up for it.
    await sleep(1100);
    asked = [];
    assert.deepEqual(await imds(userData), { code: 200, body: "" });
    const begun = Date.now();
    await box.change((fixture) =>
      fixture.change("app", (properties) => {
        properties.userData = "bmV3";
      }),
    );
    assert.equal((await imds(userData)).body, "");
    await until(async () => (await imds(userData)).body === "bmV3");
    assert.ok(Date.now() - begun >= DELAY * 1000);
  });

  test("more than five requests a second are too many", async () => {
    await sleep(1100);
    const { stdout } = await box.exec("app", [
      ...["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} ", "-H", "Metadata: true"],
      `http://169.254.169.254/metadata/instance?${VERSION}&n=[1-8]`,
    ]);
    const codes = stdout.trim().split(" ");
    assert.deepEqual(codes.slice(0, 5), Array(5).fill("200"));
    assert.ok(codes.slice(5).includes("429"), stdout);
    asked = Array(5).fill(Date.now());
  });

  test("tells each machine only its own", async () => {
    const { stdout } = await box.exec("web1", [
      ...["curl", "-s", "-H", "Metadata: true"],
      `http://169.254.169.254/metadata/instance/compute/name?${VERSION}&format=text`,
    ]);
    assert.equal(stdout, "web1", "the same private address, in another network");
  });

  describe("scheduled events", () => {
    const events = "scheduledevents?api-version=2020-07-01";
    const vm = () => box.fixture.idOf("app");
    const post = (body: string) => imds(events, undefined, ["-d", body]);
    const approve = (id: string) => post(JSON.stringify({ StartRequests: [{ EventId: id }] }));
    async function ask() {
      const { DocumentIncarnation, Events } = JSON.parse((await imds(events)).body);
      return { incarnation: DocumentIncarnation as number, events: Events as ScheduledEvent[] };
    }
    async function first(): Promise<ScheduledEvent> {
      let seen: ScheduledEvent | undefined;
      await until(async () => {
        [seen] = (await ask()).events;
        return seen !== undefined;
      });
      assert.ok(seen);
      return seen;
    }
    const place = () => box.fabric.status?.places.find(({ name }) => name === "app");
    const run = () => place()?.netns;

    test("the first question waits for its answer, and events show later still", async () => {
      const begun = Date.now();
      const before = await ask();
      assert.ok(Date.now() - begun >= 1000 * 120 * FACTOR - 50);
      assert.deepEqual(before.events, []);
      const raised = await box.arm.raiseEvent(vm(), { type: "Reboot" });
      const raisedAt = Date.now();
      assert.deepEqual((await ask()).events, []);
      const shown = await first();
      assert.ok(Date.now() - begun >= 1000 * 300 * FACTOR - 50);
      assert.equal(shown.EventId, raised.EventId);
      assert.deepEqual(Object.keys(shown).sort(), [
        ...["Description", "DurationInSeconds", "EventId", "EventSource", "EventStatus"],
        ...["EventType", "NotBefore", "ResourceType", "Resources"],
      ]);
      assert.deepEqual(
        [shown.EventType, shown.EventStatus, shown.EventSource, shown.Resources],
        ["Reboot", "Scheduled", "Platform", ["app"]],
      );
      assert.match(shown.NotBefore, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
      // Whole seconds, and this clock was read after the event's own beginning.
      const left = Date.parse(shown.NotBefore) - raisedAt;
      assert.ok(left > 0 && left <= 1000 * 900 * FACTOR + 1000, `${left} ms`);
      assert.ok((await ask()).incarnation > before.incarnation);
    });

    test("malformed approvals and unknown events are refused; neither does anything", async () => {
      for (const body of ["nonsense", "{}", '{"StartRequests":[{"EventId":"none"}]}']) {
        assert.equal((await post(body)).code, 400, body);
      }
      assert.equal((await ask()).events.length, 1);
    });

    test("approved, it happens at once, is not shown any more, and may be approved again", async () => {
      const { EventId } = await first();
      const before = run();
      assert.equal((await approve(EventId)).code, 200);
      await box.until(
        "the machine has restarted",
        () => run() !== before && place()?.power === "running",
      );
      await until(async () => (await ask()).events.length === 0);
      assert.equal((await approve(EventId)).code, 200);
    });

    test("what nobody approves happens when it is due", async () => {
      const before = run();
      await box.arm.raiseEvent(vm(), { type: "Preempt" });
      await box.until("the machine is off", ({ places }) =>
        places.some(({ name, power }) => name === "app" && power === "deallocated"),
      );
      await box.arm.action(vm(), "start");
      await box.until("the machine is on", () => run() !== before && place()?.power === "running");
    });

    test("a delete waits for the notice that the machine has asked for", async () => {
      box.fixture.change("web1", (properties) => {
        properties.scheduledEventsProfile = {
          terminateNotificationProfile: { enable: true, notBeforeTimeout: "PT5M" },
        };
      });
      const id = box.fixture.idOf("web1");
      const begun = Date.now();
      await box.arm.delete(id);
      assert.ok(Date.now() - begun >= 1000 * 300 * FACTOR - 50);
      assert.equal(await box.arm.get(id), undefined);
      await box.until("it is gone", ({ places }) => places.every(({ name }) => name !== "web1"));
    });
  });
});

describe("probes", { timeout: 60_000 }, () => {
  let box: FabricBox;
  before(async () => {
    box = await FabricBox.open(new AzureFixture({ probe: { requestPath: "/health" } }));
  });
  after(() => box.close());

  const answering = (code: number) => `
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(${code}); self.end_headers(); self.wfile.write(b"because")
        print(self.path, self.client_address[0], flush=True)
    def log_message(self, *a): pass
http.server.HTTPServer(("", 8080), H).serve_forever()`;

  /** Answers probes with a code until the verdict and its reason are known; says who asked. */
  async function serving(code: number, verdict: boolean): Promise<string> {
    const argv = ["ip", "netns", "exec", box.netns("nva1"), "python3", "-c", answering(code)];
    const child = start(argv, { stdio: ["ignore", "pipe", "inherit"] });
    let log = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      log += chunk;
    });
    const reason = code === 200 ? "HTTP 200" : `HTTP ${code}: because`;
    await box.until(`the verdict on ${code}`, (status) =>
      status.gateways.some((g) => g.nvas.some((n) => n.healthy === verdict && n.reason === reason)),
    );
    child.kill("SIGKILL");
    await once(child, "close");
    return log;
  }

  test("200 from the platform's address is healthy; another answer is not, and says why", async () => {
    const log = await serving(200, true);
    assert.match(log, /^\/health 168\.63\.129\.16$/m);
    await box.untilHealthy("nva1", false);
    await serving(503, false);
  });
});
