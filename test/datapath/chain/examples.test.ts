/** The examples, brought up in one embedded Azure from the packed library, with packets. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { clientAct } from "../../../lab/proof/client";
import { administrator, banned, type Consumer, type Flow } from "../../../lab/proof/flows";
import type { Verdict } from "../../../lab/proof/judge";
import { prove } from "../../../lab/proof/proof";
import { flowTable } from "../../../lab/proof/tables";
import { withUndo } from "../../../lab/undo";
import { Examples, said } from "../../support/examples";

interface Row {
  example: string;
  /** Chained entries: VMs with an address of their own, load balancers. */
  consumers: string[];
  /** Which other example must be there first. */
  needs?: string;
}

const PLATFORM = "two-stacks/platform";
const APPLICATION = "two-stacks/application";
const rows: Row[] = [
  { example: "minimal", consumers: ["minimal-vm"] },
  { example: "yaml-consumer", consumers: ["yaml-vm"] },
  { example: "existing-network", consumers: ["existing-shop"] },
  { example: "cross-subscription", consumers: ["spoke-vm"] },
  { example: "all-options", consumers: ["all-single-vm", "all-balanced-lb"] },
  { example: APPLICATION, consumers: ["application-lb"], needs: PLATFORM },
  { example: "adopt", consumers: ["adopt-direct-vm", "adopt-shop"], needs: PLATFORM },
];

/** What every example's policy says: no SSH from one address, everything else for the others. */
const flowsOf = (consumer: Consumer): Flow[] => [
  ...[{ host: banned, act: { kind: "knock", port: 22, attempts: 3 } as const }].map((flow) => ({
    ...flow,
    consumer,
    expected: "dropped by the NVA" as const,
  })),
  ...[
    { host: administrator, act: { kind: "banner", port: 22 } as const },
    { host: administrator, act: { kind: "page", port: 80 } as const },
  ].map((flow) => ({ ...flow, consumer, expected: "passes" as const })),
];

describe("the examples", () => {
  let examples: Examples;
  let verdicts: Verdict[];

  /** Sends the flows to every chained entry, or to those of some examples. */
  async function proof(only?: readonly string[]): Promise<Verdict[]> {
    const status = await examples.status();
    // What leaves by an address of its own has nothing that listens.
    const outbound = status.publicAddresses
      .filter(({ owner }) => /\/frontendIPConfigurations\/outbound$/i.test(owner))
      .map(({ address }) => address);
    const plan = (consumers: readonly Consumer[]) =>
      consumers
        .filter(({ address }) => !outbound.includes(address))
        .filter(({ name }) => only === undefined || only.includes(name))
        .flatMap(flowsOf);
    return withUndo((undo) => prove(status, undo, () => undefined, plan));
  }

  const ready = async (example: string) => {
    const result = await examples.verb("up", "--project", `${examples.dir}/${example}`);
    assert.equal(result.code, 0, `${example}: ${said(result)}`);
  };
  /** Azure ids of what is chained, to a frontend or to any. */
  const chains = async (consumer: string, gateway = "") =>
    (await examples.status()).chains.filter(
      (chain) => chain.consumer.includes(consumer) && chain.gatewayFrontend.includes(gateway),
    );

  before(async () => {
    examples = await Examples.create();
    await examples.set("adopt", "chained", false);
    const first = ready(PLATFORM);
    await Promise.all([
      ...rows.filter(({ needs }) => needs === undefined).map(({ example }) => examples.up(example)),
      examples.up("adopt"),
      first.then(() => examples.up(APPLICATION)),
    ]);
    await examples.set("adopt", "chained", true);
  });
  after(() => examples?.remove());

  test("chainAll plans the chains of a stack that does not know of them, and nothing else", async () => {
    const plan = await examples.plan("adopt");
    const changes = plan
      .filter(({ op }) => op !== "read")
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(changes, [
      {
        op: "update",
        name: "adopt-direct-vm-nic",
        paths: ["ipConfigurations[0].gatewayLoadBalancer"],
        replaces: [],
      },
      {
        op: "update",
        name: "adopt-shop",
        paths: ["frontendIPConfigurations[0].gatewayLoadBalancer"],
        replaces: [],
      },
    ]);
  });

  describe("once they are up", () => {
    before(async () => {
      await ready("adopt");
      verdicts = await proof();
    });

    test("are all chained, and nothing else is", () => {
      const names = new Set(verdicts.map(({ flow }) => flow.consumer.name));
      assert.deepEqual([...names].sort(), rows.flatMap(({ consumers }) => consumers).sort());
    });

    for (const { example, consumers } of rows) {
      test(`${example}: the policy decides`, () => {
        const own = verdicts.filter(({ flow }) => consumers.includes(flow.consumer.name));
        assert.equal(own.length, consumers.length * 3);
        assert.ok(
          own.every(({ passed }) => passed),
          flowTable(own),
        );
      });
    }

    test("without chainAll the chains go, and packets go around the NVA", async () => {
      await examples.set("adopt", "chained", false);
      await ready("adopt");
      assert.deepEqual(await chains("adopt"), []);
      const status = await examples.status();
      const [open] = status.publicAddresses.filter(({ vms }) => vms.includes("adopt-direct-vm"));
      assert.ok(open);
      const knock = ["knock", "--port", "22", "--source", banned, "--to", open.address];
      assert.equal((await clientAct(status, "internet", knock)).answered, 1);
    });

    test("a platform goes and moves only as its applications let it", async () => {
      const refused = await examples.destroy(PLATFORM);
      assert.notEqual(refused.code, 0);
      assert.match(said(refused), /Code="GatewayLoadBalancerInUseByChain"/);
      assert.match(said(refused), /\/application-lb\/frontendIPConfigurations\/inbound/);

      await examples.set(PLATFORM, "frontendZones", '["1", "2"]');
      await examples.set(PLATFORM, "frontendAddress", "10.7.0.9");
      const halfWay = await examples.pulumi(PLATFORM, "up", "--yes", "--skip-preview");
      assert.match(said(halfWay), /Code="GatewayLoadBalancerInUseByChain"/);
      await Promise.all([examples.up(APPLICATION), examples.destroy("adopt")]);
      await ready(PLATFORM);
      assert.equal((await chains("application-lb", "/platform-gateway-zones-1-2/")).length, 2);
      const moved = await proof(["application-lb"]);
      assert.ok(moved.length === 3 && moved.every(({ passed }) => passed), flowTable(moved));
    });

    test("go, and leave nothing in Azure", async () => {
      const gone = async (example: string) => {
        const result = await examples.destroy(example);
        assert.equal(result.code, 0, `${example}: ${said(result)}`);
      };
      await Promise.all(rows.map(({ example }) => gone(example)));
      await gone(PLATFORM);
      assert.deepEqual(
        (await examples.arm.list()).map(({ id }) => id),
        [],
      );
    });
  });
});
