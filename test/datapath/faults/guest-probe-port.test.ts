/** The probe's port: who is heard, and that nobody keeps the probe from being answered. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Undo } from "../../../lab/undo";
import { Guest } from "../../support/guest";
import { settings } from "../../support/outside";

/** The gateway's frontend: an address that the NVA takes packets from, on other ports. */
const STRANGER = settings.gatewayAddress;
const PATH = settings.probePath;

describe("the probe's port", () => {
  const undo = new Undo();
  let guest: Guest;
  before(async () => {
    guest = await Guest.healthy(undo);
  });
  after(() => undo.run());

  const dropped = async () => {
    const rules = await guest.exec(["nft", "list", "chain", "inet", "azure_gwlb", "probe"]);
    return Number(/counter packets (\d+)/.exec(rules)?.[1]);
  };

  test("drops the packets of who is neither the platform nor this machine", async () => {
    const counted = await dropped();
    const { code, body } = await guest.outside.probe(PATH, 1, STRANGER);
    assert.deepEqual([code, /timed out/.test(body)], [0, true], body);
    assert.ok((await dropped()) > counted, "the rule has counted it");
    for (const host of ["127.0.0.1", "10.7.1.5"]) {
      const url = `http://${host}:${settings.probePort}/metrics`;
      const ask = `import urllib.request as u; print(u.urlopen("${url}", timeout=5).status)`;
      assert.equal((await guest.exec(["python3", "-c", ask])).trim(), "200", host);
    }
  });

  test("hears no stranger, also where somebody took the rule away", async () => {
    await guest.sh("systemctl stop gwlb-guard; nft flush chain inet azure_gwlb probe");
    try {
      const { code, body } = await guest.outside.probe(PATH, 2, STRANGER);
      assert.deepEqual([code, /RemoteDisconnected|ConnectionReset/.test(body)], [0, true], body);
      assert.equal((await guest.outside.probe()).code, 503, "and says that a rule is missing");
    } finally {
      await guest.sh("systemctl restart gwlb-firewall; systemctl start gwlb-guard");
    }
    await guest.outside.probeUntil(200, 30);
  });

  test("answers every probe while 300 callers say a byte a second, as the platform", async () => {
    await guest.outside.slowCallers(300);
    try {
      for (let n = 0; n < 40; n += 1) {
        const { code, body, seconds } = await guest.outside.probe(PATH, 3);
        assert.equal(code, 200, body);
        assert.ok(seconds < 2, `${seconds} s`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const threads = await guest.sh(
        "ls /proc/$(systemctl show -P MainPID gwlb-health)/task | wc -l",
      );
      assert.ok(Number(threads) < 2 * 32 + 20, `${threads} threads`);
    } finally {
      await guest.outside.slowCallers(0);
    }
  });

  test("is answered while callers from inside hold every place of theirs", async () => {
    const hold = `
import socket, time
calls = [socket.create_connection(("127.0.0.1", ${settings.probePort})) for _ in range(300)]
print("ready", flush=True)
time.sleep(60)`;
    const started = `python3 -c '${hold}' >/tmp/held 2>&1 & echo $!`;
    const caller = (
      await guest.sh(`${started}; while ! grep -q ready /tmp/held; do sleep 0.1; done`)
    ).trim();
    const { code, seconds } = await guest.outside.probe(PATH, 3);
    assert.equal(code, 200);
    assert.ok(seconds < 2, `${seconds} s`);
    await guest.exec(["kill", caller]);
  });
});
