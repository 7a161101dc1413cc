import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { bundlePolicy, type FirewallPolicy, type FirewallRule } from "../../components/policy";
import { type Change, changed, goodStack } from "../policy-pack/stacks";
import { type Declared, StackOfData } from "../support/stackOfData";

const blocked: FirewallRule = {
  name: "no-ssh-from-8-8-8-8",
  action: "drop",
  direction: "inbound",
  sources: ["8.8.8.8"],
  protocol: "tcp",
  ports: ["22"],
};
const noWebOut: FirewallRule = {
  name: "no-web-out",
  action: "drop",
  direction: "outbound",
  destinations: ["203.0.113.0/24"],
  protocol: "tcp",
  ports: ["80", "443"],
};

/** The consumer's load balancer as the embedded Azure names it. */
const webId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/loadBalancers/web";

/** As much of a load balancer in Azure's shape as the test changes. */
interface LoadBalancer {
  properties: { frontendIPConfigurations: { properties: { gatewayLoadBalancer?: object } }[] };
}

/** The same policy where the component takes it and where the machine gets it. */
function policyChange(rules: FirewallRule[]): Change {
  const policy: FirewallPolicy = { rules, defaultInbound: "allow", defaultOutbound: "allow" };
  const { userData } = bundlePolicy(policy);
  return {
    firewall: { policy },
    nva: { userData },
    fleet: { "virtualMachineProfile.userData": userData },
  };
}

/** The good stack with a policy, and with the replacements that the components ask for. */
function stack(change: Change): Declared[] {
  const options: Record<string, object> = {
    gateway: { replaceOnChanges: ["frontendIPConfigurations"], deleteBeforeReplace: true },
    nva: { replaceOnChanges: ["storageProfile.imageReference"], deleteBeforeReplace: true },
  };
  const type = "azure-gwlb:index:GatewayProvider";
  const firewall = {
    type,
    name: "firewall",
    component: true,
    properties: { resourceGroupName: "rg" },
  };
  const stack: Declared[] = changed(policyChange([blocked]), [firewall, ...goodStack]);
  return changed(change, stack).map((resource) => ({
    ...resource,
    options: { ...options[resource.name] },
    ...(["nva", "fleet"].includes(resource.name) ? { parent: "firewall" } : {}),
  }));
}

const plans: Record<string, { change: Change; exitCode: number }> = {
  "no-change": { change: {}, exitCode: 0 },
  "rule-change": {
    change: policyChange([{ ...blocked, sources: ["8.8.8.8", "8.8.4.4"] }, noWebOut]),
    exitCode: 0,
  },
  "image-change": {
    change: { nva: { "storageProfile.imageReference.version": "24.04.202509010" } },
    exitCode: 0,
  },
  "fleet-change": {
    change: {
      fleet: {
        "virtualMachineProfile.storageProfile.imageReference.version": "24.04.202509010",
        "sku.capacity": 1,
      },
    },
    exitCode: 0,
  },
  "gateway-replaced": {
    change: {
      gateway: { "frontendIPConfigurations.0.privateIPAddress": "10.7.0.9" },
      web: { "frontendIPConfigurations.0.gatewayLoadBalancer": undefined },
    },
    exitCode: 1,
  },
};

function assertGolden(name: string, text: string): void {
  const golden = path.join(__dirname, "golden", `preview-${name}.md`);
  if (process.env.UPDATE_GOLDEN) writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, "utf8"));
}

/** What a reviewer reads; `UPDATE_GOLDEN=1` records it anew. */
describe("npm run preview", () => {
  const project = new StackOfData();
  const preview = (...args: string[]) =>
    project.node(["tools/preview/main.ts", "--stack", "dev", "--lab", project.lab, ...args]);

  before(async () => {
    project.declare(stack({}));
    await project.pulumi("stack", "select", "--create", "dev");
    const up = await project.pulumi("up", "--stack", "dev", "--yes", "--skip-preview");
    assert.equal(up.code, 0, up.stdout + up.stderr);
  });
  after(() => project.remove());

  for (const [name, { change, exitCode }] of Object.entries(plans)) {
    test(`writes the comment for ${name.replace("-", " ")}`, async () => {
      project.declare(stack(change));
      const { code, stdout, stderr } = await preview();
      assert.equal(code, exitCode, stdout + stderr);
      assertGolden(name, stdout);
    });
  }

  test("says what is wrong when the engine gets to no plan", async () => {
    project.declare([{ type: "azure-native:network:LoadBalancer", name: "web", properties: {} }]);
    const { code, stdout, stderr } = await preview();
    assert.equal(code, 1, stdout + stderr);
    assert.match(stdout, /failed/);
    assert.match(stdout, /resourceGroupName/);
  });

  test("tells as drift what somebody changed outside", async () => {
    const azure = (...args: string[]) =>
      project.node(["lab/cli/main.ts", "--lab", project.lab, "azure", ...args]);
    const shown = await azure("show", webId);
    assert.equal(shown.code, 0, shown.stderr);
    const web = JSON.parse(shown.stdout) as LoadBalancer;
    for (const { properties } of web.properties.frontendIPConfigurations) {
      properties.gatewayLoadBalancer = undefined;
    }
    const file = path.join(project.dir, "web.json");
    writeFileSync(file, JSON.stringify(web));
    const put = await azure("put", webId, file);
    assert.equal(put.code, 0, put.stderr);

    const log = path.join(project.dir, "drift.jsonl");
    project.declare(stack({}));
    await project.pulumi("refresh", "--stack", "dev", "--preview-only", "--event-log", log);
    const { code, stdout, stderr } = await project.node([
      "tools/preview/main.ts",
      "--stack",
      "dev",
      "--events",
      log,
      "--drift",
    ]);
    assert.equal(code, 1, stdout + stderr);
    assertGolden("drift", stdout);
  });
});
