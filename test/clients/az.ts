/**
 * Microsoft's CLI as a person types it, against a lab with machines and packets: what it changes is
 * seen by packets, and what it may not change says why.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { administrator, banned, consumersOf } from "../../lab/proof/flows";
import { sshKey } from "../lab/arm/fixture";
import { FleetLab } from "../support/fleetLab";
import { handMadeNva } from "./handMadeNva";

/** Tries a connection: `open`, or `silent` where the NVA drops it. */
const KNOCK = `
import socket, sys
try:
    socket.create_connection((sys.argv[2], int(sys.argv[3])), 2, (sys.argv[1], 0)); print("open")
except OSError: print("silent")
`;
/** Changes reach packets within this time, in seconds. */
const SEEN_SECONDS = 20;

const folder = mkdtempSync(path.join(tmpdir(), "gwlb-az-"));
let lab: FleetLab;
/** The chained frontend of the demo's load balancer. */
let web: { address: string; group: string; lb: string; frontend: string; gateway: string };

before(async () => {
  lab = await FleetLab.up(2, {}, "eastus");
  const consumer = consumersOf(await lab.status()).find(({ kind }) => kind === "frontend");
  assert.ok(consumer);
  const balancers = await az<LoadBalancer[]>("network", "lb", "list");
  const [found] = balancers.flatMap(
    ({ name: lb, resourceGroup: group, frontendIPConfigurations }) =>
      frontendIPConfigurations.flatMap(({ name: frontend, gatewayLoadBalancer }) =>
        gatewayLoadBalancer ? [{ lb, group, frontend, gateway: gatewayLoadBalancer.id }] : [],
      ),
  );
  assert.ok(found);
  web = { ...found, address: consumer.address };
});
after(async () => {
  await lab?.down();
  rmSync(folder, { recursive: true, force: true });
});

interface LoadBalancer {
  name: string;
  resourceGroup: string;
  frontendIPConfigurations: { name: string; gatewayLoadBalancer?: { id: string } }[];
}

const call = (args: readonly string[]) => lab.call(["az", ...args]);

/** A command that must succeed; what it prints. */
async function az<T = unknown>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await call([...args, "--output", "json"]);
  assert.equal(code, 0, `az ${args.join(" ")}: ${stdout}${stderr}`);
  return (stdout.trim() === "" ? undefined : JSON.parse(stdout)) as T;
}

/** A command as a documentation has it, in one line. */
const typed = (line: string, ...more: string[]) => az(...line.trim().split(/\s+/), ...more);

const knock = async (source: string) =>
  (await lab.inNetwork("internet", ["python3", "-c", KNOCK, source, web.address, "22"])).trim();

/** Chains the frontend to a gateway, or to none, and waits until packets see it. */
async function chain(gateway: string | undefined): Promise<void> {
  const where = ["--resource-group", web.group, "--lb-name", web.lb, "--name", web.frontend];
  const update = ["network", "lb", "frontend-ip", "update", ...where];
  await az(...update, "--gateway-lb", gateway ?? "null");
  await lab.until(
    `the chain of ${web.address} to ${gateway ?? "nothing"}`,
    ({ publicAddresses, phase }) =>
      phase === "ready" &&
      publicAddresses.find(({ address }) => address === web.address)?.chainedTo?.toLowerCase() ===
        gateway?.toLowerCase(),
    SEEN_SECONDS,
  );
}

describe("az against a lab", () => {
  test("un-chains a frontend, and packets go around the NVA; chains it, and they are back", async () => {
    assert.deepEqual([await knock(banned), await knock(administrator)], ["silent", "open"]);
    await chain(undefined);
    assert.equal(await knock(banned), "open");
    await chain(web.gateway);
    assert.deepEqual([await knock(banned), await knock(administrator)], ["silent", "open"]);
  });

  test("is refused to delete a gateway in use, with Azure's code and an exit code", async () => {
    const [, , , , group = "", , , , name = ""] = web.gateway.split("/");
    const { code, stderr } = await call([
      "network",
      "lb",
      "delete",
      "--resource-group",
      group,
      "--name",
      name,
    ]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /\((GatewayLoadBalancerInUseByChain|InUseLoadBalancerCannotBeDeleted)\)/);
    const gone = await call(["network", "lb", "show", "--resource-group", group, "--name", "none"]);
    assert.equal(gone.code, 3, gone.stderr);
  });

  test("restarts a machine, and runs a script in it as root", async () => {
    const [nva] = await lab.nvas();
    assert.ok(nva);
    const { place, group } = await placeOf(nva.vm);
    const where = ["--resource-group", group, "--name", nva.vm];
    await az("vm", "restart", ...where);
    await lab.until(
      `${nva.vm} has booted again`,
      ({ places }) => {
        const now = places.find(({ name }) => name === nva.vm);
        return now?.power === "running" && now.bootedAt !== place.bootedAt;
      },
      60,
    );
    await lab.healthy(2);
    const script = ["--command-id", "RunShellScript", "--scripts", "id -u; cat /etc/hostname"];
    const { value } = await az<{ value: { message: string }[] }>(
      ...["vm", "run-command", "invoke", ...where, ...script],
    );
    const own = (await lab.exec(nva.vm, ["cat", "/etc/hostname"])).trim();
    assert.equal(value[0]?.message, `Enable succeeded: \n[stdout]\n0\n${own}\n\n[stderr]\n`);
  });

  test("scales a scale set, and rolls its model out", async () => {
    const name = await lab.scaleSet();
    const [set] = await az<{ name: string; resourceGroup: string }[]>("vmss", "list");
    assert.ok(set);
    const where = ["--resource-group", set.resourceGroup, "--name", name];
    await az("vmss", "scale", ...where, "--new-capacity", "3");
    await lab.healthy(3);
    await az("vmss", "rolling-upgrade", "start", ...where);
    await lab.upgraded("Completed");
    await az("vmss", "scale", ...where, "--new-capacity", "2");
    await lab.healthy(2);
  });

  test("follows Microsoft's tutorial of a gateway, and packets cross it", async () => {
    await typed("group create --name TutorGwLB-rg --location eastus");
    await typed(`network vnet create --resource-group TutorGwLB-rg --location eastus --name myVNet
      --address-prefixes 10.1.0.0/16 --subnet-name myBackendSubnet --subnet-prefixes 10.1.0.0/24`);
    await typed("network nsg create --resource-group TutorGwLB-rg --name myNSG");
    await typed(`network nsg rule create --resource-group TutorGwLB-rg --nsg-name myNSG
      --name myNSGRule-AllowAll --protocol * --direction inbound
      --source-address-prefix 0.0.0.0/0 --source-port-range *
      --destination-address-prefix 0.0.0.0/0 --destination-port-range * --access allow
      --priority 100`);
    await typed(`network nsg rule create --resource-group TutorGwLB-rg --nsg-name myNSG
      --name myNSGRule-AllowAll-TCP-Out --protocol TCP --direction outbound
      --source-address-prefix 0.0.0.0/0 --source-port-range *
      --destination-address-prefix 0.0.0.0/0 --destination-port-range * --access allow
      --priority 100`);
    await typed(`network lb create --resource-group TutorGwLB-rg --name myLoadBalancer-gw
      --sku Gateway --vnet-name myVNet --subnet myBackendSubnet --backend-pool-name myBackendPool
      --frontend-ip-name myFrontEnd`);
    await typed(`network lb address-pool tunnel-interface add --address-pool myBackEndPool
      --identifier 901 --lb-name myLoadBalancer-gw --protocol VXLAN
      --resource-group TutorGwLB-rg --type External --port 10801`);
    await typed(`network lb probe create --resource-group TutorGwLB-rg
      --lb-name myLoadBalancer-gw --name myHealthProbe --protocol http --port 80 --path /
      --interval 5 --threshold 2`);
    await typed(`network lb rule create --resource-group TutorGwLB-rg
      --lb-name myLoadBalancer-gw --name myLBRule --protocol All --frontend-port 0
      --backend-port 0 --frontend-ip-name myFrontEnd --backend-pool-name myBackEndPool
      --probe-name myHealthProbe`);
    const frontend = (await typed(`network lb frontend-ip show --resource-group TutorGwLB-rg
      --lb-name myLoadBalancer-gw --name myFrontEnd`)) as { id: string; privateIPAddress: string };

    const customData = path.join(folder, "customData");
    writeFileSync(customData, handMadeNva(frontend.privateIPAddress));
    const key = path.join(folder, "key.pub");
    writeFileSync(key, `${sshKey}\n`);
    await typed(`network nic create --resource-group TutorGwLB-rg --name myNic --vnet-name myVNet
      --subnet myBackendSubnet --network-security-group myNSG`);
    await typed(
      `vm create --resource-group TutorGwLB-rg --name myNVA --nics myNic --size Standard_D2s_v5
      --image Canonical:ubuntu-24_04-lts:server:latest --admin-username azureuser`,
      ...["--ssh-key-values", key, "--custom-data", customData],
    );
    await typed(`network nic ip-config address-pool add --resource-group TutorGwLB-rg
      --nic-name myNic --ip-config-name ipconfig1 --lb-name myLoadBalancer-gw
      --address-pool myBackendPool`);
    await lab.until(
      "the tutorial's NVA is healthy",
      ({ gateways }) =>
        gateways.flatMap(({ nvas }) => nvas).some((n) => n.vm === "myNVA" && n.healthy),
      90,
    );

    await chain(frontend.id);
    const crossed = async () =>
      Number(await lab.exec("myNVA", ["cat", "/sys/class/net/vxlan-ex/statistics/rx_packets"]));
    const before = await crossed();
    assert.deepEqual([await knock(banned), await knock(administrator)], ["silent", "open"]);
    assert.ok((await crossed()) > before, "no packet crossed the tutorial's NVA");
    await chain(web.gateway);
  });
});

async function placeOf(vm: string) {
  const place = (await lab.status()).places.find(({ name }) => name === vm);
  assert.ok(place?.id);
  return { place, group: place.id.split("/")[4] ?? "" };
}
