import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { guestPython } from "../../support/guestPython";

/** A driver that takes MTUs up to a limit; prints the MTU reached, or the reason for none. */
const raise = (now: number, wanted: number, limit: number) =>
  guestPython(`
import json
from gwlb.base import tunnels
from gwlb.errors import Failed
tunnels._takes_mtu = lambda nic, mtu: mtu <= ${limit}
try:
    print(json.dumps(tunnels.raise_mtu("eth0", ${now}, ${wanted})))
except Failed as error:
    print(json.dumps(str(error)))
`);

describe("the NIC's MTU", () => {
  for (const { name, now, wanted, limit, got } of [
    { name: "is raised to what is wanted", now: 1500, wanted: 3900, limit: 9000, got: 3900 },
    { name: "stays where it is more", now: 9000, wanted: 3900, limit: 9000, got: 9000 },
    { name: "is the most that the driver takes", now: 1500, wanted: 4000, limit: 3900, got: 3900 },
    { name: "is one less than wanted", now: 1500, wanted: 3900, limit: 3899, got: 3899 },
    { name: "is the least that is enough", now: 1500, wanted: 3900, limit: 1550, got: 1550 },
  ]) {
    test(name, async () => assert.equal(await raise(now, wanted, limit), got));
  }

  test("is refused where full-size packets would be lost", async () => {
    assert.match(String(await raise(1500, 3900, 1549)), /eth0 .*1550/);
  });
});

describe("devices", () => {
  const settings = `
import json
from gwlb.base import tunnels
from gwlb.settings import Settings, Tunnel
settings = Settings("10.7.0.4", (Tunnel("vxlan-in", 10800, 800), Tunnel("vxlan-ex", 10801, 801)), 3900, 8080, "/", 10, 60)
`;

  test("learning is off before a tunnel comes up, and the tunnels come up last", async () => {
    const [make, up] = (await guestPython(
      `${settings}print(json.dumps([tunnels.make_script(settings, "nic0"), tunnels.up_script(settings)]))`,
    )) as [string, string];
    assert.equal(make.match(/ learning off flood on /g)?.length, 2);
    assert.equal(make.match(/ dev nic0 nolearning$/gm)?.length, 2);
    assert.doesNotMatch(make, / up$/m);
    assert.deepEqual(up.match(/(?<=set )\S+/g), ["br0", "vxlan-ex", "vxlan-in"]);
  });

  test("missing ones are named in the order of a packet's way", async () => {
    const found = await guestPython(
      `${settings}print(json.dumps(tunnels.device_problems(settings, "nic0", 3900, {})))`,
    );
    assert.deepEqual(found, [
      "nic0: no such device",
      "br0: no such device",
      "vxlan-in: no such device",
      "vxlan-ex: no such device",
    ]);
  });
});

test("the base rules name no device or address that is not in the settings", async () => {
  const script = await guestPython(`
import json
from gwlb.base import rules
from gwlb.settings import Settings, Tunnel
settings = Settings("192.0.2.4", (Tunnel("vxlan-in", 5, 800), Tunnel("vxlan-ex", 5, 801)), 3900, 8080, "/", 10, 60)
print(json.dumps(rules.host_script(settings)))
`);
  assert.match(
    String(script),
    /udp dport 5 goto outer\n[^}]*}\n\s*chain outer {\n\s*iifgroup 10799 accept\n\s*ip saddr 192\.0\.2\.4 notrack accept\n\s*counter drop\n/,
  );
  assert.doesNotMatch(String(script), /10\.7\./);
});
