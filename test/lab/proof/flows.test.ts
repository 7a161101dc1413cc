import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clientArgs } from "../../../lab/proof/client";
import {
  type ChainStatus,
  consumersOf,
  describeAct,
  expectations,
  planFlows,
} from "../../../lab/proof/flows";

const network = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";
const frontend = `${network}/loadBalancers/gwlb/frontendIPConfigurations/f`;
const chainedTo = frontend.toUpperCase();
const status: ChainStatus = {
  publicAddresses: [
    {
      ...{ address: "20.0.0.5", via: "frontend", vms: ["pool"], chainedTo },
      owner: `${network}/loadBalancers/shop/frontendIPConfigurations/public`,
    },
    {
      address: "20.0.0.4",
      via: "ilpip",
      owner: `${network}/networkInterfaces/web-nic`,
      vms: ["web"],
      chainedTo,
    },
    { address: "20.0.0.6", via: "ilpip", owner: "bare", vms: ["bare"] },
    { address: "20.0.0.7", via: "natGateway", owner: "nat", vms: ["nva"], chainedTo },
    { address: "20.0.0.8", via: "frontend", owner: "empty", vms: [], chainedTo },
  ],
  gateways: [
    { id: frontend, nvas: [{ vm: "nva", healthy: true, reason: "" }] },
    { id: `${frontend}2`, nvas: [{ vm: "other", healthy: true, reason: "" }] },
  ],
};

describe("consumersOf", () => {
  test("takes chained addresses with VMs, and their own gateway's NVAs", () => {
    assert.deepEqual(consumersOf(status), [
      { name: "web", kind: "ilpip", address: "20.0.0.4", vms: ["web"], nvas: ["nva"] },
      { name: "shop", kind: "frontend", address: "20.0.0.5", vms: ["pool"], nvas: ["nva"] },
    ]);
  });
  test("finds none in an empty lab", () => {
    assert.deepEqual(consumersOf({ publicAddresses: [], gateways: [] }), []);
  });
});

describe("planFlows", () => {
  const flows = planFlows(consumersOf(status));

  test("drops 8.8.8.8 to port 22 on every consumer, and lets its neighbours pass", () => {
    const text = flows.map(
      ({ host, act, consumer, expected }) =>
        `${host} ${describeAct(act)} ${consumer.name} ${expected}`,
    );
    for (const name of ["web", "shop"]) {
      assert.ok(text.includes(`8.8.8.8 22/tcp ${name} dropped by the NVA`));
      assert.ok(text.includes(`8.8.8.8 80/tcp page ${name} passes`));
      assert.ok(text.includes(`203.0.113.9 22/tcp ${name} passes`));
    }
  });
  test("holds every kind of expectation", () => {
    assert.deepEqual(new Set(flows.map(({ expected }) => expected)), new Set(expectations));
  });
  test("gives every inbound flow a client that sends from and to its addresses", () => {
    for (const flow of flows.filter(({ act }) => act.kind !== "outbound")) {
      const args = clientArgs(flow).join(" ");
      assert.ok(args.includes(`--source ${flow.host} --to ${flow.consumer.address}`), args);
    }
  });
});
