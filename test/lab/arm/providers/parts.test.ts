/** Pools and inbound NAT rules as resources of their own, beside a load balancer's inline lists. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { asBodies, type Body } from "../../../../lab/arm/resource";
import { type Kept, type Provider, startProvider } from "./client";

const urn = (token: string, name: string) => `urn:pulumi:dev::test::azure-native:${token}::${name}`;
const BALANCER = urn("network:LoadBalancer", "lb");
const POOL = urn("network:LoadBalancerBackendAddressPool", "webs");
const DOOR = urn("network:InboundNatRule", "ssh");
const NIC = urn("network:NetworkInterface", "nic");
const named = (list: unknown) => asBodies(list).map(({ name }) => name);

describe("parts of a load balancer that are resources of their own", () => {
  const lab = mkdtempSync(path.join(tmpdir(), "parts-"));
  let provider: Provider;
  let balancer: Kept;
  let subnet: Kept;
  let inputs: Body;
  const inGroup = (more: Body): Body => ({ resourceGroupName: "rg", ...more });
  const make = async (of: string, news: Body): Promise<Kept> => {
    const { inputs: checked, failures } = await provider.check(of, news);
    assert.deepEqual(failures, []);
    return provider.create(of, checked);
  };
  const update = async (of: string, old: Kept, news: Body): Promise<Kept> => {
    const { inputs: checked, failures } = await provider.check(of, news, old.inputs);
    assert.deepEqual(failures, []);
    return provider.update(of, old, checked);
  };
  const pool = (more: Body = {}) =>
    make(POOL, inGroup({ loadBalancerName: "lb", backendAddressPoolName: "webs", ...more }));

  before(async () => {
    provider = await startProvider("azureNative", lab);
    await provider.configure({ "azure-native:config:location": "westeurope" });
    await make(urn("resources:ResourceGroup", "rg"), { resourceGroupName: "rg" });
    const addressSpace = { addressPrefixes: ["10.9.0.0/16"] };
    const vnet = inGroup({ virtualNetworkName: "vnet", addressSpace });
    await make(urn("network:VirtualNetwork", "vnet"), vnet);
    subnet = await make(
      urn("network:Subnet", "subnet"),
      inGroup({ virtualNetworkName: "vnet", subnetName: "s", addressPrefix: "10.9.0.0/24" }),
    );
    inputs = inGroup({
      loadBalancerName: "lb",
      sku: { name: "Standard" },
      frontendIPConfigurations: [{ name: "fe", subnet: { id: subnet.id } }],
    });
    balancer = await make(BALANCER, inputs);
  });
  after(async () => {
    await provider.stop();
    rmSync(lab, { recursive: true, force: true });
  });

  test("they are made, shown in their load balancer, and stay when it is updated", async () => {
    const made = await pool({ location: "westeurope", syncMode: undefined });
    assert.match(made.id, /\/loadBalancers\/lb\/backendAddressPools\/webs$/);
    const door = await make(
      DOOR,
      inGroup({
        ...{ loadBalancerName: "lb", inboundNatRuleName: "ssh", protocol: "Tcp", backendPort: 22 },
        ...{ frontendPortRangeStart: 2200, frontendPortRangeEnd: 2210 },
        frontendIPConfiguration: { id: `${balancer.id}/frontendIPConfigurations/fe` },
        backendAddressPool: { id: made.id },
      }),
    );
    const { state } = await provider.read(POOL, made.id, made);
    assert.deepEqual(state.inboundNatRules, [{ id: door.id }]);
    balancer = await update(BALANCER, balancer, { ...inputs, tags: { team: "web" } });
    assert.deepEqual(named(balancer.state.backendAddressPools), ["webs"]);
    assert.deepEqual(named(balancer.state.inboundNatRules), ["ssh"]);
    const seen = await provider.read(BALANCER, balancer.id, balancer);
    assert.deepEqual(seen.inputs, balancer.inputs, "no input comes of what others declared");
    await provider.delete(DOOR, door);
    assert.equal((await provider.read(DOOR, door.id, door)).id, "");
  });

  test("a load balancer with a list of pools takes away those that are not in it", async () => {
    const inline = { ...inputs, backendAddressPools: [{ name: "mine" }] };
    balancer = await update(BALANCER, balancer, inline);
    assert.deepEqual(named(balancer.state.backendAddressPools), ["mine"]);
    const id = `${balancer.id}/backendAddressPools/webs`;
    assert.equal((await provider.read(POOL, id)).id, "", "a refresh finds it gone");
    await pool();
    // The program has a list, so the next update takes the pool away again.
    balancer = await update(BALANCER, balancer, { ...inline, tags: { team: "core" } });
    assert.equal((await provider.read(POOL, id)).id, "");
  });

  test("a pool with a member stays: the list that leaves it out is refused", async () => {
    const made = await pool();
    const nic = await make(
      NIC,
      inGroup({
        networkInterfaceName: "nic",
        ipConfigurations: [
          {
            ...{ name: "ip", subnet: { id: subnet.id } },
            loadBalancerBackendAddressPools: [{ id: made.id }],
          },
        ],
      }),
    );
    await assert.rejects(
      update(BALANCER, balancer, { ...balancer.inputs, tags: {} }),
      /InUseBackendAddressPoolCannotBeDeleted.*webs/,
    );
    await assert.rejects(provider.delete(POOL, made), /InUseBackendAddressPoolCannotBeDeleted/);
    await provider.delete(NIC, nic);
    await provider.delete(POOL, made);
    assert.deepEqual((await provider.read(BALANCER, balancer.id, balancer)).id, balancer.id);
  });

  test("a part of what is not there is refused", async () => {
    await assert.rejects(
      make(POOL, inGroup({ loadBalancerName: "none", backendAddressPoolName: "p" })),
      /ParentResourceNotFound/,
    );
  });
});
