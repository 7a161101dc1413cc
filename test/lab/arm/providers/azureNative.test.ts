import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { UNKNOWN } from "../../../../lab/arm/providers/values";
import type { Body } from "../../../../lab/arm/resource";
import { sshKey } from "../fixture";
import { type Kept, type Provider, startProvider } from "./client";

const urn = (token: string, name = "it") => `urn:pulumi:dev::test::azure-native:${token}::${name}`;
const GROUP = urn("resources:ResourceGroup", "rg");
const NETWORK = urn("network:VirtualNetwork", "vnet");
const SUBNET = urn("network:Subnet", "subnet");
const ADDRESS = urn("network:PublicIPAddress", "ip");
const NIC = urn("network:NetworkInterface", "nic");
const MACHINE = urn("compute:VirtualMachine", "vm");
const GATEWAY = urn("network:LoadBalancer", "gwlb");

describe("azure-native, as the engine calls it", () => {
  const lab = mkdtempSync(path.join(tmpdir(), "provider-"));
  let provider: Provider;
  let rg: Kept;
  const inGroup = (more: Body): Body => ({ resourceGroupName: "rg", ...more });
  /** What the engine does for a new resource. */
  const make = async (of: string, news: Body): Promise<Kept> => {
    const { inputs, failures } = await provider.check(of, news);
    assert.deepEqual(failures, []);
    return provider.create(of, inputs);
  };

  before(async () => {
    provider = await startProvider("azureNative", lab);
    await provider.configure({ "azure-native:config:location": "West Europe" });
    rg = await make(GROUP, { resourceGroupName: "rg" });
  });
  after(async () => {
    await provider.stop();
    rmSync(lab, { recursive: true, force: true });
  });

  test("previews are possible, and a subscription is a GUID", async () => {
    assert.equal((await provider.configure({})).supportsPreview, true);
    const bad = provider.configure({ "azure-native:config:subscriptionId": "mine" });
    await assert.rejects(bad, /subscriptionId 'mine'/);
  });

  test("Check makes up a name once, and keeps it", async () => {
    const first = await provider.check(ADDRESS, inGroup({}));
    assert.match(String(first.inputs.publicIpAddressName), /^ip[0-9a-f]{8}$/);
    const second = await provider.check(ADDRESS, inGroup({}), first.inputs);
    assert.deepEqual(second.inputs, first.inputs);
  });

  test("Check takes the region from the group, unknown as long as the group is", async () => {
    const { inputs } = await provider.check(ADDRESS, inGroup({}));
    assert.equal(inputs.location, "westeurope");
    const unknown = await provider.check(ADDRESS, { resourceGroupName: UNKNOWN });
    assert.equal(unknown.inputs.location, UNKNOWN);
    assert.deepEqual(unknown.failures, []);
  });

  test("Check names what is missing, wrong or not known", async () => {
    const { failures } = await provider.check(urn("network:SecurityRule"), {
      resourceGroupName: "rg",
      protocol: 6,
      prioritty: 1,
      direction: UNKNOWN,
    });
    assert.deepEqual(failures.sort(), [
      "'protocol' should be of type 'string' but got a number",
      "missing required property 'access'",
      "missing required property 'networkSecurityGroupName'",
      "missing required property 'priority'",
      "the embedded Azure does not know property 'prioritty'",
    ]);
  });

  test("an unknown type or function is refused by its name", async () => {
    const type = provider.check(urn("cdn:Profile"), {});
    await assert.rejects(type, /azure-native:cdn:Profile/);
    await assert.rejects(provider.invoke("azure-native:cdn:getProfile", {}), /cdn:getProfile/);
  });

  test("a preview shows inputs, and what only the service knows as unknown", async () => {
    const standard = { sku: { name: "Standard" }, publicIPAllocationMethod: "Static" };
    const { inputs } = await provider.check(ADDRESS, inGroup(standard));
    const { state } = await provider.create(ADDRESS, inputs, true);
    assert.deepEqual(
      [state.ipAddress, state.etag, state.location],
      [UNKNOWN, UNKNOWN, "westeurope"],
    );
    assert.deepEqual(state.sku, { name: "Standard", tier: UNKNOWN });
  });

  test("a preview refuses what Azure will refuse whatever else is deployed", async () => {
    const basic = await provider.check(ADDRESS, inGroup({ publicIPAllocationMethod: "Static" }));
    await assert.rejects(
      provider.create(ADDRESS, basic.inputs, true),
      /BasicSkuPublicIP.*sku\.name/,
    );
    const later = await provider.check(ADDRESS, inGroup({ sku: { name: UNKNOWN } }));
    await assert.rejects(
      provider.create(ADDRESS, { ...later.inputs, zones: ["4"] }, true),
      /zones\[0\]/,
    );
    await provider.create(ADDRESS, { ...later.inputs, publicIPAllocationMethod: UNKNOWN }, true);
  });

  test("outputs are flat; a second creation is refused; reading what is gone says so", async () => {
    const standard = { sku: { name: "Standard" }, publicIPAllocationMethod: "Static" };
    const ip = await make(ADDRESS, inGroup({ publicIpAddressName: "pip", ...standard }));
    assert.equal(ip.state.provisioningState, "Succeeded");
    assert.equal(ip.state.azureApiVersion, "2024-05-01");
    await assert.rejects(provider.create(ADDRESS, ip.inputs), /cannot create already existing/);
    assert.deepEqual(await provider.read(ADDRESS, ip.id, ip), ip);
    await provider.delete(ADDRESS, ip);
    await provider.delete(ADDRESS, ip);
    assert.equal((await provider.read(ADDRESS, ip.id, ip)).id, "");
  });

  test("Azure's refusals read like azure-native's", async () => {
    const { inputs } = await provider.check(ADDRESS, inGroup({ publicIpAddressName: "basic" }));
    const basic = provider.create(ADDRESS, inputs);
    await assert.rejects(basic, /Status=400 Code="BasicSkuPublicIPAddressRetired" Message="/);
  });

  test("plans replace where azure-native does, and nowhere else", async () => {
    const old = (inputs: Body): Kept => ({ id: "x", inputs, state: {} });
    const version = { azureApiVersion: "2024-05-01" };
    const lb = {
      ...version,
      loadBalancerName: "l",
      sku: { name: "Standard" },
      location: "westeurope",
    };
    const plans: [of: string, before: Body, after: Body, paths: string[]][] = [
      [GATEWAY, lb, { ...lb, sku: { name: "Gateway" } }, ["sku.name"]],
      [GATEWAY, lb, { ...lb, loadBalancerName: "m" }, ["loadBalancerName!"]],
      [GATEWAY, lb, { ...lb, location: "West Europe" }, []],
      [GATEWAY, lb, { ...lb, location: "northeurope" }, ["location"]],
      [NETWORK, { ...version, location: "a" }, { ...version, location: "b" }, ["location!"]],
      [
        ADDRESS,
        { ...version, sku: { name: "a" } },
        { ...version, sku: { name: "b" } },
        ["sku.name!"],
      ],
      [
        MACHINE,
        { osProfile: { customData: "a" } },
        { osProfile: { customData: "b" } },
        ["osProfile.customData"],
      ],
      [MACHINE, { zones: ["1"] }, { zones: ["1", "2"] }, ["zones[1]"]],
      [MACHINE, { userData: "a" }, {}, ["userData"]],
      [SUBNET, { subnetName: "a" }, { subnetName: "b" }, ["subnetName!"]],
    ];
    for (const [of, inputs, news, paths] of plans) {
      const plan = await provider.diff(of, old(inputs), news);
      assert.deepEqual(plan.paths, paths, JSON.stringify(news));
      assert.equal(plan.changed, paths.length > 0);
      assert.equal(
        plan.deleteBeforeReplace,
        paths.some((at) => at.endsWith("!")),
      );
    }
    const made = { ...lb, __createBeforeDelete: true };
    const renamed = await provider.diff(GATEWAY, old(made), { ...lb, loadBalancerName: "m" });
    assert.equal(renamed.deleteBeforeReplace, false);
  });

  test("a network leaves alone the subnets that are resources of their own", async () => {
    const space = { addressSpace: { addressPrefixes: ["10.0.0.0/16"] } };
    const vnet = await make(NETWORK, inGroup({ virtualNetworkName: "vnet", ...space }));
    const of = { virtualNetworkName: "vnet", subnetName: "s", addressPrefix: "10.0.0.0/24" };
    const subnet = await make(SUBNET, inGroup(of));
    const tagged = await provider.update(NETWORK, vnet, { ...vnet.inputs, tags: { a: "b" } });
    assert.equal((tagged.state.subnets as Body[])[0]?.id, subnet.id);
    const { inputs } = await provider.read(NETWORK, vnet.id, { ...vnet, state: tagged.state });
    assert.equal("subnets" in inputs, false, "a refresh does not claim them either");
  });

  test("a refresh takes over what another changed, and no default of the service", async () => {
    const of = {
      networkInterfaceName: "nic",
      ipConfigurations: [
        {
          name: "ip",
          subnet: { id: `${rg.id}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/s` },
        },
      ],
    };
    const nic = await make(NIC, inGroup(of));
    assert.deepEqual((await provider.read(NIC, nic.id, nic)).inputs, nic.inputs);
    await provider.update(NIC, nic, { ...nic.inputs, enableIPForwarding: true });
    const seen = await provider.read(NIC, nic.id, nic);
    assert.deepEqual(seen.inputs, { ...nic.inputs, enableIPForwarding: true });
    const imported = await provider.read(NIC, nic.id);
    assert.equal(imported.inputs.networkInterfaceName, "nic");
    assert.equal(imported.inputs.resourceGroupName, "rg");
    assert.equal("etag" in imported.inputs, false);
    assert.deepEqual((await provider.check(NIC, imported.inputs, imported.inputs)).failures, []);
  });

  test("a machine never shows what it was told, and keeps no password", async () => {
    const image = {
      publisher: "Canonical",
      offer: "ubuntu-24_04-lts",
      sku: "server",
      version: "latest",
    };
    const vm = await make(
      MACHINE,
      inGroup({
        vmName: "vm",
        hardwareProfile: { vmSize: "Standard_B2ms" },
        storageProfile: { imageReference: image, osDisk: { createOption: "FromImage" } },
        osProfile: {
          computerName: "vm",
          adminUsername: "azureuser",
          adminPassword: "Not-to-be-kept-1",
          customData: "I2Nsb3VkLWNvbmZpZw==",
          linuxConfiguration: {
            ssh: {
              publicKeys: [{ path: "/home/azureuser/.ssh/authorized_keys", keyData: sshKey }],
            },
          },
        },
        networkProfile: {
          networkInterfaces: [{ id: `${rg.id}/providers/Microsoft.Network/networkInterfaces/nic` }],
        },
        userData: "cG9saWN5",
      }),
    );
    const journal = () => readFileSync(path.join(lab, "azure", "journal.jsonl"), "utf8");
    const shown = JSON.stringify([vm.state, await provider.read(MACHINE, vm.id)]);
    for (const told of ["cG9saWN5", "I2Nsb3VkLWNvbmZpZw==", "Not-to-be-kept-1"]) {
      assert.equal(shown.includes(told), false, told);
    }
    assert.equal(journal().includes("Not-to-be-kept-1"), false);
    assert.ok(journal().includes("cG9saWN5"), "the machine is booted with it");
    const get = { resourceGroupName: "rg", vmName: "vm", expand: "userData" };
    const found = await provider.invoke("azure-native:compute:getVirtualMachine", get);
    assert.equal(found.userData, "cG9saWN5");
    await provider.update(MACHINE, vm, { ...vm.inputs, userData: "bmV3" });
    assert.ok(journal().includes("bmV3"));
    const other = {
      ...vm.inputs,
      osProfile: { ...(vm.inputs.osProfile as Body), customData: "bmV3" },
    };
    await assert.rejects(
      provider.update(MACHINE, vm, other),
      /Status=409 Code="PropertyChangeNotAllowed" .* Target="osProfile.customData"/,
    );
  });

  test("getClientConfig says who calls; ids of a load balancer may be relative to it", async () => {
    const who = await provider.invoke("azure-native:authorization:getClientConfig", {});
    assert.equal(who.subscriptionId, "00000000-0000-0000-0000-000000000001");
    const lb = await make(
      GATEWAY,
      inGroup({
        loadBalancerName: "lb",
        sku: { name: "Standard" },
        frontendIPConfigurations: [
          {
            name: "fe",
            subnet: { id: `${rg.id}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/s` },
          },
        ],
        backendAddressPools: [{ name: "p" }],
        loadBalancingRules: [
          {
            name: "r",
            protocol: "Tcp",
            frontendPort: 80,
            frontendIPConfiguration: { id: "$self/frontendIPConfigurations/fe" },
            backendAddressPools: [{ id: "$self/backendAddressPools/p" }],
          },
        ],
      }),
    );
    const [rule] = lb.state.loadBalancingRules as Body[];
    assert.deepEqual(rule?.frontendIPConfiguration, { id: `${lb.id}/frontendIPConfigurations/fe` });
  });
});
