import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Body } from "../../../../lab/arm/resource";
import { common, planRetreat, planStages } from "../../../../lab/network/apply";
import { planTopology } from "../../../../lab/network/topology";
import type { Topology } from "../../../../lab/network/topology/plan";
import { AzureFixture, FRONTEND_ADDRESS, ILPIP_ADDRESS } from "../../../support/azureFixtures";
import { type ViewOptions, viewOf } from "../../../support/fabricView";

const plan = (fixture: AzureFixture, options?: ViewOptions) =>
  planTopology(viewOf(fixture, options));

const space = (topology: Topology, prefix: string) => {
  const found = topology.namespaces.find(({ name }) => name.startsWith(prefix));
  assert.ok(found, `no namespace ${prefix}`);
  return found;
};
const settings = (topology: Topology, prefix: string, text: string) =>
  space(topology, prefix)
    .settings.map(({ set }) => set)
    .filter((set) => set.includes(text));
const setOf = (topology: Topology, prefix: string, name: string) =>
  space(topology, prefix)
    .tables.flatMap(({ sets }) => sets)
    .find((set) => set.name === name)?.elements;

function unchain(fixture: AzureFixture): void {
  fixture.change("app-nic", (properties) => {
    const [part] = properties.ipConfigurations as { properties: Body }[];
    delete part?.properties.gatewayLoadBalancer;
  });
}

describe("planTopology", () => {
  test("two plans of one store are the same, in every word", () => {
    const fixture = new AzureFixture({ nvas: 3, webs: 2 });
    assert.deepEqual(plan(fixture), plan(fixture));
  });

  test("names fit the kernel: devices up to 15 bytes, each once in its namespace", () => {
    const { links, namespaces } = plan(new AzureFixture({ nvas: 3, webs: 2 }));
    const ends = links.flatMap(({ a, b }) => [a, b]);
    for (const { dev } of ends) assert.ok(dev.length <= 15, dev);
    const names = ends.map(({ netns, dev }) => `${netns} ${dev}`);
    assert.equal(new Set(names).size, names.length);
    const known = new Set(namespaces.map(({ name }) => name));
    assert.deepEqual(
      ends.filter(({ netns }) => !known.has(netns)),
      [],
    );
  });

  test("every setting of a namespace has a key of its own", () => {
    for (const { name, settings } of plan(new AzureFixture({ nvas: 3, webs: 2 })).namespaces) {
      const keys = settings.map(({ key }) => key);
      assert.equal(new Set(keys).size, keys.length, name);
    }
  });

  test("a chained address is routed to the gateway, an unchained one to its network", () => {
    const fixture = new AzureFixture();
    const routes = () => settings(plan(fixture), "edge", `route replace ${ILPIP_ADDRESS}/32`);
    const [chained] = routes();
    unchain(fixture);
    const [direct] = routes();
    assert.match(chained ?? "", / dev g-/);
    assert.match(direct ?? "", / dev v-/);
  });

  test("a public address enters its network by one device only", () => {
    const fixture = new AzureFixture();
    const entry = (address: string) =>
      setOf(plan(fixture), "vnet-app", "entry")?.filter((text) => text.endsWith(` ${address}`));
    assert.match(entry(ILPIP_ADDRESS)?.join() ?? "", /^"g-[0-9a-f]{8}"/);
    unchain(fixture);
    assert.deepEqual(entry(ILPIP_ADDRESS), [`"edge0" . ${ILPIP_ADDRESS}`]);
  });

  test("only healthy NVAs get new flows; all members may send into the tunnels", () => {
    const fixture = new AzureFixture({ nvas: 3 });
    const topology = plan(fixture, { sick: ["nva2"] });
    const all = setOf(plan(fixture), "gw-", "healthy") ?? [];
    assert.equal(new Set(all).size, 3);
    assert.deepEqual(setOf(topology, "gw-", "healthy"), [all[0], all[2]]);
    assert.equal(setOf(topology, "gw-", "nvas")?.length, 3);
    const none = plan(fixture, { sick: ["nva1", "nva2", "nva3"] });
    assert.deepEqual(setOf(none, "gw-", "healthy"), []);
  });

  test("an NVA in another's place, with its address, has none of its flows", () => {
    const one = new AzureFixture();
    const marks = () => setOf(plan(one), "gw-", "healthy");
    const before = marks();
    const nic = one.snapshot().resources.get(one.idOf("nva1-nic").toLowerCase());
    one.delete("Microsoft.Compute/virtualMachines", "nva1");
    one.delete("Microsoft.Network/networkInterfaces", "nva1-nic");
    assert.ok(nic);
    const [configuration] = nic.properties.ipConfigurations as { properties: Body }[];
    const { subnet, loadBalancerBackendAddressPools } = configuration?.properties ?? {};
    const { id } = subnet as { id: string };
    one.machine("nva9", id, "10.7.1.5", { loadBalancerBackendAddressPools });
    assert.equal(marks()?.length, 1);
    assert.notDeepEqual(marks(), before);
  });

  test("a machine that is off has no namespace and no route", () => {
    const topology = plan(new AzureFixture(), { off: ["app"] });
    assert.ok(!topology.namespaces.some(({ name }) => name.startsWith("vm-app")));
    assert.deepEqual(settings(topology, "vnet-app", "10.1.0.4/32"), []);
  });

  test("a machine gets address, prefix and router of its subnet", () => {
    const topology = plan(new AzureFixture());
    const sets = space(topology, "vm-app").settings.map(({ set }) => set);
    assert.deepEqual(sets, [
      "addr replace 10.1.0.4/24 dev eth0",
      "route replace default via 10.1.0.1 dev eth0",
    ]);
  });

  test("networks with one address space do not meet", () => {
    const topology = plan(new AzureFixture());
    const own = (prefix: string) => settings(topology, prefix, "route replace 10.1.0.4/32");
    assert.notDeepEqual(own("vnet-app"), own("vnet-web"));
    assert.deepEqual([own("vnet-app").length, own("vnet-web").length], [1, 1]);
  });
});

describe("planStages", () => {
  const fixture = () => new AzureFixture({ nvas: 2 });

  test("nothing differs: nothing is done", () => {
    assert.deepEqual(planStages(plan(fixture()), plan(fixture())), []);
  });

  test("a changed chain touches routes and rules, no device and no namespace", () => {
    const changed = fixture();
    const before = plan(changed);
    unchain(changed);
    const steps = planStages(before, plan(changed)).flat();
    const words = steps.map(({ argv }) => argv.join(" "));
    // The gateway's link to a network that has no chained address left goes with the chain.
    const others = words.filter((text) => !/-batch|nft -f|link del/.test(text));
    assert.deepEqual(others, []);
    assert.ok(words.some((text) => text.startsWith("ip -n edge ")));
  });

  test("a sick NVA changes the rules of its gateway alone", () => {
    const before = plan(fixture());
    const after = plan(fixture(), { sick: ["nva1"] });
    const words = planStages(before, after).flatMap((stage) => stage.map((s) => s.argv.join(" ")));
    assert.equal(words.length, 1);
    assert.match(words[0] ?? "", /^ip netns exec gw-\S+ nft -f -$/);
  });

  test("an NVA that leaves is chosen no more before its route goes", () => {
    const stages = planStages(plan(fixture()), plan(new AzureFixture({ nvas: 1 })));
    const gateway = (tool: RegExp) =>
      stages.findIndex((stage) =>
        stage.some(({ argv }) => tool.test(argv.join(" ")) && /\bgw-/.test(argv.join(" "))),
      );
    const [rules, routes] = [gateway(/ nft -f /), gateway(/^ip -n .* -force -batch/)];
    assert.ok(rules >= 0 && rules < routes, `${rules}, ${routes}`);
  });

  test("rules stand before the first route is set", () => {
    const stages = planStages({ namespaces: [], links: [] }, plan(fixture()));
    const at = (
      pattern: RegExp,
      text: (step: { argv: readonly string[]; input?: string }) => string,
    ) => stages.findIndex((stage) => stage.some((step) => pattern.test(text(step))));
    const rules = at(/^ip netns exec edge nft/, (step) => step.argv.join(" "));
    const routes = at(/route replace/, (step) => step.input ?? "");
    assert.ok(rules >= 0 && rules < routes);
  });

  test("a new boot of a machine renews its link, with everything that hung on it", () => {
    const before = plan(new AzureFixture());
    const after: Topology = JSON.parse(
      JSON.stringify(before).replaceAll(/"(vm-app-[0-9a-f]{4})"/g, '"$1.2"'),
    );
    const text = planStages(before, after)
      .flat()
      .map(({ argv, input }) => `${argv.join(" ")}\n${input ?? ""}`)
      .join("\n");
    assert.match(text, /netns del vm-app-[0-9a-f]{4}\n/);
    assert.match(text, /netns add vm-app-[0-9a-f]{4}\.2/);
    assert.match(text, /route replace 10\.1\.0\.4\/32 dev n-/);
    assert.match(text, /neigh replace 10\.1\.0\.4 lladdr/);
  });
});

describe("after a failed step", () => {
  const before = plan(new AzureFixture());
  const grown = new AzureFixture({ nvas: 2 });
  unchain(grown);
  const after = plan(grown);

  test("what is common is part of both, and leads to either", () => {
    const kept = common(before, after);
    assert.deepEqual(common(kept, before), kept);
    assert.deepEqual(common(kept, after), kept);
    assert.deepEqual(common(before, before), before);
  });

  test("machines that stay keep their namespace and their link", () => {
    const words = planRetreat(before, after).flatMap((s) => s.map(({ argv }) => argv.join(" ")));
    const touched = words.filter((text) => / vm-(app|web1|nva1)/.test(text));
    assert.deepEqual(touched, []);
    assert.ok(words.some((text) => /^ip netns del vm-nva2/.test(text)));
    assert.ok(!words.some((text) => text.includes("nft")), "rules stay");
  });
});

test("the frontend's rules come by port, with the healthy members in them", () => {
  const rules = space(plan(new AzureFixture({ webs: 2 })), "vnet-web")
    .tables.flatMap(({ chains }) => chains)
    .find(({ name }) => name === "publish")?.rules;
  assert.equal(rules?.filter((text) => text.includes(FRONTEND_ADDRESS)).length, 3);
  assert.match(
    rules?.join("\n") ?? "",
    /tcp dport 80 dnat to jhash .* mod 2 .*10\.1\.0\.5 } : 8080/,
  );
});
