/**
 * A chained consumer of three plain namespaces, for tests of what watches one: the internet host,
 * an NVA that is a bridge of two ports named as the tunnels are, and a VM behind a router that
 * plays the security group. Works only inside the test runner's own namespaces.
 */
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Place } from "../../lab/places";
import { POLICY_PROGRAM, type ProofStatus } from "../../lab/proof/proof";
import { run, start } from "../../lab/run";
import type { Undo } from "../../lab/undo";
import { DEVICE, FILES } from "../../nva-cloud-init/contract/contract";

/** Public address of the consumer, held by the VM itself: there is no translation here. */
export const address = "20.0.0.4";

const chainedTo = "/subscriptions/s/loadBalancers/gwlb/frontendIPConfigurations/f";
const rule = [
  ...["FORWARD", "-m", "physdev", "--physdev-in", DEVICE.external, "--physdev-is-bridged"],
  ...["-s", "8.8.8.8", "-p", "tcp", "--dport", "22", "-j", "DROP"],
];

/** Builds it and starts the workload; returns the status that a lab would have written. */
export async function plainGateway(undo: Undo): Promise<ProofStatus> {
  await names();
  await wire("internet", "eth0", "nva", DEVICE.external);
  await wire("nva", DEVICE.internal, "edge", "wan");
  await wire("edge", "lan", "vm", "eth0");
  await ip("-n", "nva", "link", "add", DEVICE.bridge, "type", "bridge");
  for (const port of [DEVICE.external, DEVICE.internal]) {
    await ip("-n", "nva", "link", "set", port, "master", DEVICE.bridge);
  }
  await ip("-n", "nva", "link", "set", DEVICE.bridge, "up");
  for (const host of ["8.8.8.8", "203.0.113.9", "198.51.100.7"]) {
    await ip("-n", "internet", "addr", "add", `${host}/32`, "dev", "lo");
  }
  await ip("-n", "internet", "addr", "add", "192.0.2.1/30", "dev", "eth0");
  await ip("-n", "edge", "addr", "add", "192.0.2.2/30", "dev", "wan");
  await ip("-n", "edge", "addr", "add", "20.0.0.1/24", "dev", "lan");
  await ip("-n", "vm", "addr", "add", `${address}/24`, "dev", "eth0");
  await ip("-n", "internet", "route", "add", "20.0.0.0/24", "via", "192.0.2.2");
  await ip("-n", "edge", "route", "add", "default", "via", "192.0.2.1");
  await ip("-n", "vm", "route", "add", "default", "via", "20.0.0.1");
  await within("edge", "sysctl", "-qw", "net.ipv4.ip_forward=1");
  await within("nva", "sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1");
  await within("nva", "iptables", "-A", ...rule);
  await within("edge", "iptables", "-A", "FORWARD", "-p", "tcp", "--dport", "4444", "-j", "DROP");
  await counterProgram();
  const workload = path.join(__dirname, "workload.py");
  const leaders = {
    nva: await leader(undo, "nva", "sh", "-c", "echo ready; exec sleep infinity"),
    vm: await leader(undo, "vm", "python3", "-u", workload),
  };
  return status(leaders);
}

/** Takes the rule out of the NVA: everything passes. */
export async function forgetRule(): Promise<void> {
  await within("nva", "iptables", "-D", ...rule);
}

/** Joins the internet and the router behind the NVA's back, as a lost chain does. */
export async function goAround(): Promise<void> {
  await wire("internet", "around", "edge", "around");
  await ip("-n", "internet", "addr", "add", "192.0.2.5/30", "dev", "around");
  await ip("-n", "edge", "addr", "add", "192.0.2.6/30", "dev", "around");
  await ip("-n", "internet", "route", "replace", "20.0.0.0/24", "via", "192.0.2.6");
  await ip("-n", "edge", "route", "replace", "default", "via", "192.0.2.5");
}

async function names(): Promise<void> {
  for (const name of ["internet", "nva", "edge", "vm"]) {
    await ip("netns", "add", name);
    await ip("-n", name, "link", "set", "lo", "up");
  }
}

async function wire(a: string, aDevice: string, b: string, bDevice: string): Promise<void> {
  const peer = ["type", "veth", "peer", "name", bDevice, "netns", b];
  await ip("link", "add", aDevice, "netns", a, ...peer);
  for (const [name, device] of [
    [a, aDevice],
    [b, bDevice],
  ] as const) {
    // Packets as a wire carries them: else veth hands whole 64 KB segments over.
    await ip("-n", name, "link", "set", device, "gso_max_segs", "1");
    await ip("-n", name, "link", "set", device, "up");
  }
}

/** A process whose namespaces are those of the place; ready when it says something. */
async function leader(undo: Undo, netns: string, ...argv: string[]): Promise<number> {
  const child = start(["ip", "netns", "exec", netns, ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  undo.add(`leader of ${netns}`, async () => void child.kill("SIGKILL"));
  if (child.stdout === null || child.pid === undefined) throw new Error(`no ${netns}`);
  await once(child.stdout, "data");
  return child.pid;
}

/** Makes the program that prints the rule's counter, as on an NVA; /opt is the test's own. */
async function counterProgram(): Promise<void> {
  await run(["mount", "-t", "tmpfs", "tmpfs", "/opt"]);
  await mkdir(FILES.programs);
  const script = `#!/bin/sh
iptables -nvxL FORWARD | awk '/DROP.*${DEVICE.external}/ {
  printf "{\\"rule\\":\\"no-ssh\\",\\"packets\\":%d,\\"bytes\\":%d}\\n", $1, $2 }'
`;
  await writeFile(POLICY_PROGRAM, script);
  await chmod(POLICY_PROGRAM, 0o755);
}

function status(leaders: { nva: number; vm: number }): ProofStatus {
  const place = (name: string, pid?: number): Place => ({
    ...{ name, kind: pid === undefined ? "internet" : "vm", netns: name, power: "running", pid },
  });
  return {
    boxPid: process.pid,
    places: [place("internet"), place("nva", leaders.nva), place("vm", leaders.vm)],
    publicAddresses: [{ address, via: "ilpip", owner: "vm", vms: ["vm"], chainedTo }],
    gateways: [{ id: chainedTo, nvas: [{ vm: "nva", healthy: true, reason: "" }] }],
  };
}

const ip = (...args: string[]) => run(["ip", ...args]);
const within = (netns: string, ...argv: string[]) => run(["ip", "netns", "exec", netns, ...argv]);
