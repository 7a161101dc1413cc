import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inNetwork, inPlace, type PlaceMap } from "../../lab/places";

const status: PlaceMap = {
  boxPid: 7,
  places: [
    { name: "internet", kind: "internet", netns: "internet", power: "running" },
    { name: "web", kind: "vm", netns: "vm-web", power: "running", pid: 31 },
    { name: "off", kind: "vm", netns: "vm-off", power: "stopped" },
  ],
};
const box = "nsenter -t 7 -m -n -p --";

describe("inPlace", () => {
  for (const { place, want } of [
    { place: "internet", want: `${box} ip netns exec internet id -u` },
    { place: "web", want: `${box} nsenter -t 31 -a -- id -u` },
  ]) {
    test(place, () => assert.equal(inPlace(status, place, ["id", "-u"]).join(" "), want));
  }
  test("names the places there are", () => {
    assert.throws(() => inPlace(status, "wbe", []), /"wbe".*internet, off, web/);
  });
  test("says that a VM is stopped", () => {
    assert.throws(() => inPlace(status, "off", []), /off is stopped/);
  });
});

test("inNetwork keeps this machine's programs", () => {
  const argv = inNetwork(status, "web", ["tcpdump"]);
  assert.equal(argv.join(" "), `${box} ip netns exec vm-web tcpdump`);
});
