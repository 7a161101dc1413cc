import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  outboundProblems,
  type PublicPort,
  publicIds,
  publicOutboundRules,
  publicPortProblems,
  publicProbeProblems,
  publicProbes,
  publicRules,
  trafficOfPorts,
} from "../../../../components/consumers/plan/publicLoadBalancer";

const web: PublicPort = { name: "web", protocol: "tcp", port: 80 };
const ids = publicIds("/lb");
const paths = (...ports: PublicPort[]) => publicPortProblems(ports).map((p) => p.propertyPath);

describe("publicPortProblems", () => {
  for (const { name, ports, want } of [
    { name: "nothing for a web server", ports: [web], want: [] },
    {
      name: "one number for TCP and UDP",
      ports: [web, { ...web, name: "quic", protocol: "udp" } as const],
      want: [],
    },
    { name: "no port at all", ports: [], want: [""] },
    { name: "one port twice", ports: [web, { ...web, name: "again" }], want: ["[1].port"] },
    { name: "one name twice", ports: [web, { ...web, port: 81 }], want: ["[1].name"] },
    { name: "icmp", ports: [{ ...web, protocol: "icmp" as "tcp" }], want: ["[0].protocol"] },
    { name: "port 65535, which Azure keeps", ports: [{ ...web, port: 65535 }], want: ["[0].port"] },
    {
      name: "backend port 65536",
      ports: [{ ...web, backendPort: 65536 }],
      want: ["[0].backendPort"],
    },
    {
      name: "an idle time of 3 minutes",
      ports: [{ ...web, idleTimeoutMinutes: 3 }],
      want: ["[0].idleTimeoutMinutes"],
    },
  ]) {
    test(name, () => assert.deepEqual(paths(...ports), want));
  }
});

describe("the probe", () => {
  test("is HTTP with a path, else TCP", () => {
    assert.equal(publicProbes({ port: 80, path: "/up" })[0]?.protocol, "Http");
    assert.equal(publicProbes({ port: 22 })[0]?.protocol, "Tcp");
  });
  for (const { name, probe, want } of [
    { name: "TCP on 25 is taken", probe: { port: 25 }, want: [] },
    { name: "HTTP on 25 is not", probe: { port: 25, path: "/" }, want: ["port"] },
    {
      name: "every 4 seconds is too often",
      probe: { port: 80, intervalSeconds: 4 },
      want: ["intervalSeconds"],
    },
    { name: "a threshold of 0", probe: { port: 80, threshold: 0 }, want: ["threshold"] },
    { name: "a path without slash", probe: { port: 80, path: "up" }, want: ["path"] },
  ]) {
    test(name, () => {
      assert.deepEqual(
        publicProbeProblems(probe).map((p) => p.propertyPath),
        want,
      );
    });
  }
});

describe("rules", () => {
  test("give no outbound of their own, and reset idle TCP only", () => {
    const [tcp, udp] = publicRules(ids, [
      web,
      { name: "echo", protocol: "udp", port: 7, backendPort: 70 },
    ]);
    assert.ok(tcp?.disableOutboundSnat && udp?.disableOutboundSnat);
    assert.deepEqual([tcp?.enableTcpReset, udp?.enableTcpReset], [true, false]);
    assert.deepEqual([udp?.frontendPort, udp?.backendPort], [7, 70]);
  });
  test("outbound leaves by a frontend of its own unless it shares", () => {
    const frontend = (separateAddress?: boolean) =>
      publicOutboundRules(ids, { separateAddress })[0]?.frontendIPConfigurations[0]?.id;
    assert.equal(frontend(), ids.outbound);
    assert.equal(frontend(false), ids.inbound);
  });
  test("the security group opens the port of the workload, not the public one", () => {
    const [echo] = trafficOfPorts([{ name: "echo", protocol: "udp", port: 7, backendPort: 70 }]);
    assert.deepEqual(echo, { name: "echo", protocol: "udp", ports: ["70"] });
  });
});

test("source ports for each machine come in eights", () => {
  const count = (portsPerMachine: number) => outboundProblems({ portsPerMachine }).length;
  assert.deepEqual([8, 1024, 64000].map(count), [0, 0, 0]);
  assert.deepEqual([0, 7, 12, 64008].map(count), [1, 1, 1, 1]);
});
