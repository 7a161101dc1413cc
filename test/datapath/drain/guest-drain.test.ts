/** An NVA that is told to go: new flows first, then those that are there, then itself. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { bundlePolicy } from "../../../components/policy/bundle";
import { Undo } from "../../../lab/undo";
import { Guest, HEALTHY, policy } from "../../support/guest";
import { tcp } from "../../support/innerPackets";
import { settings } from "../../support/outside";

const ends = { source: "203.0.113.9", destination: "20.0.0.4" };
const back = { source: ends.destination, destination: ends.source };
/** Seconds in which the guest hears of an event, which it asks for every second, and acts. */
const HEARD = 10;
const SOON = 5;

const undo = new Undo();
const open = new Set<Connection>();
let guest: Guest;
let port = 40_000;
before(async () => {
  guest = await Guest.healthy(undo);
});
after(() => undo.run());
afterEach(async () => {
  for (const flow of open) await flow.close();
});
beforeEach(async () => {
  await guest.outside.events([]);
  await guest.outside.probeUntil(200, HEARD);
});

const event = (id: string, type: string, noticeSeconds: number, resource = "nva") => ({
  EventId: id,
  EventType: type,
  ResourceType: "VirtualMachine",
  Resources: [resource],
  EventStatus: "Scheduled",
  NotBefore: new Date(Date.now() + noticeSeconds * 1000).toUTCString(),
});

/** A connection through the NVA, whose packets a test sends one by one. */
class Connection {
  readonly #ports = [++port, 443] as const;

  async open(): Promise<this> {
    await this.#passes("ex", tcp(ends, this.#ports, "syn"));
    await this.#passes("in", tcp(back, [443, this.#ports[0]], "syn-ack"));
    await this.passes();
    open.add(this);
    return this;
  }

  /** One packet comes out as it went in. */
  passes(): Promise<void> {
    return this.#passes("ex", tcp(ends, this.#ports, "ack"));
  }

  close(): Promise<void> {
    open.delete(this);
    return this.#passes("ex", tcp(ends, this.#ports, "rst"));
  }

  async #passes(side: "ex" | "in", frame: Buffer): Promise<void> {
    await guest.outside.take(1000, 0);
    await guest.outside.send([[side, frame]]);
    const [seen] = await guest.outside.take(1, SOON);
    assert.deepEqual(seen?.frame, frame);
  }
}

interface Draining {
  why: string;
  told?: boolean;
  flows?: number;
  idle?: number;
}

/** What a draining NVA says of it; one that is not draining yet is waited for. */
async function draining(): Promise<Draining> {
  let found: Draining | undefined;
  await until(
    "draining",
    async () => {
      found = (JSON.parse((await guest.outside.probe()).body) as { draining?: Draining }).draining;
      return found !== undefined;
    },
    HEARD,
  );
  assert.ok(found);
  return found;
}

async function until(what: string, is: () => Promise<boolean>, seconds: number): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await is()); ) {
    assert.ok(Date.now() < end, `not ${what} in ${seconds} s\n${await guest.journal()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The probe goes on all the time, as the load balancer's does. */
const approved = (id: string, seconds = HEARD) =>
  until(
    `${id} approved`,
    async () => {
      await guest.outside.probe();
      return (await guest.outside.approved()).includes(id);
    },
    seconds,
  );

/** Probes until the guest knows that the load balancer has heard of it. */
const told = () => until("told", async () => (await draining()).told === true, HEARD);

describe("a scheduled event", () => {
  test("of another machine is none of ours", async () => {
    await guest.outside.events([event("other", "Terminate", 300, "nva2")]);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal((await guest.outside.probe()).code, 200);
    assert.ok(!(await guest.outside.approved()).includes("other"));
  });

  test("no new flows, those that are there pass until they end, then it is approved", async () => {
    const flow = await new Connection().open();
    await guest.outside.events([event("x", "Terminate", 300, "nva2"), event("own", "Reboot", 300)]);
    assert.equal((await draining()).why, "Reboot");
    await told();
    await until("counted", async () => (await draining()).flows === 1, HEARD);
    await flow.passes();
    const late = await new Connection().open();
    await flow.close();
    await until("one left", async () => (await draining()).flows === 1, HEARD);
    assert.ok(!(await guest.outside.approved()).includes("own"));
    await late.close();
    await approved("own");
    assert.ok(!(await guest.outside.approved()).includes("x"), "another's event is not ours");
    await guest.outside.events([]);
    await guest.outside.probeUntil(200, HEARD);
  });

  test("is approved a while before its notice runs out, whatever still runs", async () => {
    const flow = await new Connection().open();
    const notice = 10;
    const begun = Date.now();
    await guest.outside.events([event("late", "Terminate", notice)]);
    await draining();
    await told();
    await approved("late", notice);
    const seconds = (Date.now() - begun) / 1000;
    assert.ok(seconds > notice * 0.6 && seconds < notice, `${seconds} s`);
    await flow.passes();
    await flow.close();
  });

  test("Freeze waits for no flow: flows survive it", async () => {
    const flow = await new Connection().open();
    await guest.outside.events([event("freeze", "Freeze", 300)]);
    await draining();
    await approved("freeze");
    // A further one does end them.
    await guest.outside.events([event("freeze", "Freeze", 300), event("end", "Terminate", 300)]);
    await until("both", async () => (await draining()).why === "Freeze, Terminate", HEARD);
    await until("counted", async () => (await draining()).flows === 1, HEARD);
    assert.ok(!(await guest.outside.approved()).includes("end"));
    await flow.close();
    await approved("end");
  });

  test("is approved only when the load balancer has heard", async () => {
    await guest.outside.events([event("unheard", "Terminate", 300)]);
    await until(
      "begun",
      async () => (await guest.sh("cat /run/azure-gwlb/drain.json || true")).includes("unheard"),
      HEARD,
    );
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert.deepEqual((await guest.outside.approved()).includes("unheard"), false);
    await guest.outside.probeUntil(503, HEARD);
    await guest.outside.probe();
    await approved("unheard");
  });

  test("called off: in service again", async () => {
    const flow = await new Connection().open();
    await guest.outside.events([event("off", "Reboot", 300)]);
    await draining();
    await guest.outside.events([]);
    await guest.outside.probeUntil(200, HEARD);
    assert.ok(!(await guest.outside.approved()).includes("off"));
    await flow.close();
  });

  test("outlives the program that drains: it goes on where it was", async () => {
    const flow = await new Connection().open();
    await guest.outside.events([event("killed", "Terminate", 300)]);
    await draining();
    await guest.sh("systemctl kill --signal=KILL gwlb-drain");
    assert.equal((await guest.outside.probe()).code, 503);
    await flow.close();
    await told();
    await approved("killed", 10);
  });

  test("an idle flow holds nothing up", async () => {
    const flow = await new Connection().open();
    const timeouts = ["syn_recv", "established", "unacknowledged"].map(
      (name) => `net.netfilter.nf_conntrack_tcp_timeout_${name}`,
    );
    const before = await guest.exec(["sysctl", ...timeouts]);
    // As if the flow had been seen five minutes ago.
    const later = before.replace(/\d+$/gm, (seconds) => String(Number(seconds) + 300));
    const set = (text: string) => guest.exec(["sysctl", "-q", "-p", "-"], { input: text });
    // It would set them again.
    await guest.exec(["systemctl", "stop", "gwlb-flows"]);
    try {
      await set(later);
      await guest.outside.events([event("idle", "Terminate", 300)]);
      await draining();
      await told();
      await approved("idle");
      assert.deepEqual([(await draining()).flows, (await draining()).idle], [0, 1]);
    } finally {
      await set(before);
      await guest.exec(["systemctl", "start", "gwlb-flows"]);
    }
    await flow.close();
  });
});

describe("the health extension", () => {
  const application = async () => {
    const { code, body } = await guest.outside.probe("/health/application");
    return [code, JSON.parse(body)];
  };

  test("is not told of a drain, and is of a fault", async () => {
    assert.deepEqual(await application(), [200, { ApplicationHealthState: "Healthy" }]);
    await guest.outside.events([event("quiet", "Terminate", 300)]);
    await draining();
    assert.deepEqual(await application(), [200, { ApplicationHealthState: "Healthy" }]);
    await guest.outside.events([]);
    await guest.outside.probeUntil(200, HEARD);
    await guest.sh("systemctl stop gwlb-datapath");
    try {
      await guest.outside.probeUntil(503, HEARD);
      assert.deepEqual(await application(), [200, { ApplicationHealthState: "Unhealthy" }]);
    } finally {
      await guest.sh("systemctl start gwlb-datapath");
    }
  });

  test("a policy that is refused fails an upgrade, and nothing else", async () => {
    const state = async () => JSON.parse(await guest.sh("cat /run/azure-gwlb/policy.json"));
    const refused = async () => (await state()).refused !== null;
    await guest.outside.userData(Buffer.from("no policy").toString("base64"));
    await until("refused", refused, HEARD);
    assert.deepEqual(await application(), [200, { ApplicationHealthState: "Unhealthy" }]);
    assert.equal((await guest.outside.probe()).code, 200);
    await guest.outside.userData(bundlePolicy(policy).userData);
    await until("taken", async () => !(await refused()), HEARD);
    assert.deepEqual(await application(), [200, { ApplicationHealthState: "Healthy" }]);
  });

  test("an NVA that no load balancer has found well yet is not healthy", async () => {
    await guest.sh(
      "systemctl stop gwlb-health; rm /run/azure-gwlb/in-service; systemctl start gwlb-health",
    );
    await until(
      "answering",
      async () => (await guest.outside.probe("/metrics")).code === 200,
      HEARD,
    );
    assert.deepEqual(await application(), [200, { ApplicationHealthState: "Unhealthy" }]);
    await guest.outside.probeUntil(200, HEARD);
    assert.deepEqual(await application(), [200, { ApplicationHealthState: "Healthy" }]);
  });
});

describe("from inside", () => {
  test("systemctl stop drains, and the NVA stays out until the unit is started", async () => {
    const flow = await new Connection().open();
    let stopped = false;
    const stopping = guest.sh("systemctl stop gwlb-drain").then(() => {
      stopped = true;
    });
    assert.equal((await draining()).why, "stop");
    await told();
    await until("counted", async () => (await draining()).flows === 1, HEARD);
    assert.equal(stopped, false);
    await flow.passes();
    await flow.close();
    await stopping;
    assert.equal((await guest.outside.probe()).code, 503);
    await guest.sh("systemctl start gwlb-drain");
    await guest.outside.probeUntil(200, HEARD);
  });

  test("a reboot drains first, with filter and tunnels as they were, and is not held up for ever", async () => {
    const flow = await new Connection().open();
    const begun = Date.now();
    const { ended } = guest.machine;
    await guest.exec(["systemctl", "reboot"], { allowed: [0, 1, 255] });
    assert.equal((await draining()).why, "stop");
    let off = false;
    void ended.then(() => {
      off = true;
    });
    for (let passed = 0; !off && passed < 5; passed += 1) {
      await flow.passes();
      assert.equal((await guest.outside.probe()).code, 503);
    }
    await ended;
    open.clear();
    const seconds = (Date.now() - begun) / 1000;
    assert.ok(seconds > settings.drainSeconds, `${seconds} s`);
    await guest.rebootEnded();
    const { body } = await guest.outside.probeUntil(200, HEALTHY);
    assert.equal(JSON.parse(body).draining, undefined);
  });
});
