import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ensureHost, type Host, missingPackages } from "../../../lab/host/packages";
import { Progress } from "../../../lab/progress";
import { CommandError } from "../../../lab/run";

const quiet = new Progress({ write: () => undefined });

/** A Debian machine with everything, as root, with changes. */
function machine(changes: Partial<Host> = {}): Host & { installed: string[] } {
  const installed: string[] = [];
  return {
    ...{ platform: "linux", root: true, apt: true, has: () => true, installed },
    install: async (packages) => {
      installed.push(...packages);
    },
    namespaces: async () => undefined,
    ...changes,
  };
}

const lacks = (...names: string[]) => ({ has: (command: string) => !names.includes(command) });

describe("what the machine lacks", () => {
  test("nothing, and nothing is installed", async () => {
    const host = machine();
    assert.deepEqual(await ensureHost(quiet, host), { packets: true });
    assert.deepEqual(host.installed, []);
  });

  test("is installed by root on Debian", async () => {
    const host = machine(lacks("nft", "systemd-nspawn"));
    assert.deepEqual(await ensureHost(quiet, host), { packets: true });
    assert.deepEqual(host.installed, ["nftables", "systemd-container"]);
  });

  const reasons: [string, Partial<Host>, RegExp][] = [
    ["off Linux", { platform: "darwin" }, /need Linux/],
    ["without root", { root: false }, /need root: sudo/],
    ["elsewhere than Debian", { apt: false, ...lacks("nft") }, /apt-get install nftables/],
    ["where no namespace can be made", { namespaces: async () => "denied" }, /denied/],
  ];
  for (const [name, changes, reason] of reasons) {
    test(`is said in one line ${name}, and nothing is installed`, async () => {
      const host = machine(changes);
      const verdict = await ensureHost(quiet, host);
      assert.ok(!verdict.packets);
      assert.match(verdict.reason, reason);
      assert.ok(!verdict.reason.includes("\n"));
      assert.deepEqual(host.installed, []);
    });
  }

  test("and cannot be installed, is said with apt's last word", async () => {
    const failed = new CommandError(
      ["apt-get"],
      100,
      "exit code 100",
      "",
      "E: first\nE: no network",
    );
    const verdict = await ensureHost(
      quiet,
      machine({ ...lacks("nft"), install: () => Promise.reject(failed) }),
    );
    assert.deepEqual(verdict, {
      packets: false,
      reason: "apt-get install nftables failed: E: no network",
    });
  });

  test("one package is asked for once", () => {
    assert.deepEqual(missingPackages(lacks("unshare", "setpriv").has), ["util-linux"]);
  });
});
