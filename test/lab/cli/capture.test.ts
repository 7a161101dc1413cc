import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dumpArgv } from "../../../lab/cli/capture";
import type { PlaceMap } from "../../../lab/places";
import { UserError } from "../../../lab/userError";

const status: PlaceMap = {
  boxPid: 7,
  places: [{ name: "nva", kind: "vm", netns: "vm-nva", power: "running", pid: 20 }],
};
const options = { seconds: 10, device: "eth0" };

describe("lab capture", () => {
  test("looks at the VM's network with this machine's tcpdump, for a bounded time", () => {
    const argv = dumpArgv(status, "nva", options).join(" ");
    assert.match(argv, /^nsenter -t 7 .* ip netns exec vm-nva timeout .* 10 tcpdump .*-i eth0/);
  });

  test("passes on how many packets and which", () => {
    const argv = dumpArgv(status, "nva", { ...options, count: 3, filter: "udp port 10800" });
    assert.deepEqual(argv.slice(-3), ["-c", "3", "udp port 10800"]);
  });

  test("names the VMs there are when asked for another", () => {
    assert.throws(() => dumpArgv(status, "nvb", options), UserError);
    assert.throws(() => dumpArgv(status, "nvb", options), /there are: nva/);
  });
});
