/** Outer packets: no forged error shrinks or turns the tunnels' path, no process sends into them. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { run } from "../../../lab/run";
import { Undo } from "../../../lab/undo";
import { Guest } from "../../support/guest";
import { udp } from "../../support/innerPackets";
import { settings } from "../../support/outside";

const there = { source: "203.0.113.9", destination: "20.0.0.4" };
const back = { source: there.destination, destination: there.source };
/** The router of the NIC's network, and another machine there. */
const [ROUTER, OTHER] = ["10.7.1.1", "10.7.1.9"];
const FORGE = path.resolve(__dirname, "../../support/forge.py");
/** Enough for what will come to have come, and to know that nothing comes. */
const [SOON, NEVER] = [5, 0.3];
const TUNNELS = [settings.internal, settings.external];

const undo = new Undo();
let guest: Guest;
let port = 50_000;
before(async () => {
  guest = await Guest.healthy(undo);
  await outside("ip", "address", "add", `${OTHER}/32`, "dev", "lo");
});
beforeEach(() => {
  port += 1;
});
after(() => undo.run());

const outside = (...argv: string[]) => run(["ip", "netns", "exec", guest.outside.netns, ...argv]);

/** Full packets of a new flow pass both ways. */
async function fullPacketsPass(): Promise<void> {
  const full = Buffer.alloc(1472, "x");
  const frames = [udp(there, [port, 53], full), udp(back, [53, port], full)] as const;
  for (const [side, frame] of [
    ["ex", frames[0]],
    ["in", frames[1]],
  ] as const) {
    await guest.outside.take(1000, 0);
    await guest.outside.send([[side, frame]]);
    const seen = await guest.outside.take(1, SOON);
    assert.deepEqual(
      seen.map((one) => one.frame.toString("hex")),
      [frame.toString("hex")],
    );
  }
}

/** Packets that a rule of the base table has dropped, by the rule's beginning. */
async function dropped(rule: string): Promise<number> {
  const text = await guest.sh("nft list table inet azure_gwlb");
  const line = text.split("\n").find((one) => one.trim().startsWith(rule));
  return Number(/counter packets (\d+)/.exec(line ?? "")?.[1]);
}

const wayToGateway = async () =>
  (await guest.sh(`ip route get ${settings.gatewayAddress}`)).replace(/ uid \d+| cache\s*$/g, "");

describe("forged errors about the tunnels' packets change nothing", () => {
  const address = OTHER.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  for (const [what, sender, kind, code, rest, options, rule] of [
    ["fragmentation needed", ROUTER, 3, 4, 600, 0, "icmp type {"],
    ["the same about a packet with options", ROUTER, 3, 4, 600, 8, "icmp type {"],
    ["the same from far away", "168.63.129.16", 3, 4, 600, 0, "icmp type {"],
    ["a redirect to another machine", ROUTER, 5, 1, address, 0, "icmp type redirect"],
    ["host unreachable", ROUTER, 3, 1, 0, 0, "icmp type {"],
    ["port unreachable", settings.gatewayAddress, 3, 3, 0, 0, "icmp type {"],
    ["time exceeded", ROUTER, 11, 0, 0, 0, "icmp type {"],
    ["a parameter problem", ROUTER, 12, 0, 0, 0, "icmp type {"],
  ] as const) {
    test(what, async () => {
      await fullPacketsPass();
      const [way, before] = [await wayToGateway(), await dropped(rule)];
      const errors = TUNNELS.map((to) => [kind, code, rest, to.port, to.vni, options].join(":"));
      // The kernel takes a redirect once it knows who that is.
      await guest.sh(`ping -c 1 -W 1 ${OTHER} || true`);
      for (let time = 0; time < 3; time += 1) await outside("python3", FORGE, sender, ...errors);
      port += 1;
      await fullPacketsPass();
      assert.equal(await wayToGateway(), way);
      assert.equal((await dropped(rule)) - before, 3 * TUNNELS.length, "all of them came");
    });
  }
});

describe("a process on the NVA sends nothing into the tunnels", () => {
  for (const [who, user] of [
    ["an unprivileged one", "65534"],
    ["not even root's", "0"],
  ] as const) {
    test(who, async () => {
      const frame = udp(there, [port, 53]);
      const before = await dropped("meta skuid");
      await guest.outside.take(1000, 0);
      const code = `
import socket
link, refused = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0
for port, vni in ((${settings.internal.port}, ${settings.internal.vni}), (${settings.external.port}, ${settings.external.vni})):
    packet = bytes([8, 0, 0, 0]) + (vni << 8).to_bytes(4, "big") + bytes.fromhex("${frame.toString("hex")}")
    try:
        link.sendto(packet, ("${settings.gatewayAddress}", port))
    except PermissionError:
        refused += 1
print(refused)`;
      const as = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--"];
      const refused = await guest.exec([...as, "python3", "-c", code]);
      assert.deepEqual(await guest.outside.take(1, NEVER), []);
      assert.equal(Number(refused), TUNNELS.length);
      assert.equal((await dropped("meta skuid")) - before, TUNNELS.length);
      await fullPacketsPass();
    });
  }
});
