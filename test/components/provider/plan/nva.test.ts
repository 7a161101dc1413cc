import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import {
  IMAGE_VERSION,
  type NvaArgs,
  nvaProblems,
  planNva,
  sizeReason,
  sshKeyReason,
  zonesProblems,
} from "../../../../components/provider/plan/nva";

const paths = (args: NvaArgs) => nvaProblems(planNva(args)).map((p) => p.propertyPath);

/** An RSA public key in OpenSSH's form. */
function rsaKey(modulusLength: number): string {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength });
  const { n = "", e = "" } = publicKey.export({ format: "jwk" });
  const parts = [
    Buffer.from("ssh-rsa"),
    Buffer.from(e, "base64url"),
    Buffer.concat([Buffer.from([0]), Buffer.from(n, "base64url")]),
  ];
  const body = parts.map((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return Buffer.concat([length, part]);
  });
  return `ssh-rsa ${Buffer.concat(body).toString("base64")} user@host`;
}

describe("nvaProblems", () => {
  test("the defaults are usable and pin the image", () => {
    assert.deepEqual(paths({}), []);
    assert.equal(planNva().imageVersion, IMAGE_VERSION);
  });
  for (const { name, args, want } of [
    { name: "the least MTU", args: { mtu: 1550 }, want: [] },
    { name: "the highest MTU", args: { mtu: 4000 }, want: [] },
    { name: "an MTU that a full packet does not pass", args: { mtu: 1549 }, want: ["mtu"] },
    { name: "an MTU over Azure's", args: { mtu: 4001 }, want: ["mtu"] },
    { name: "the latest image", args: { imageVersion: "latest" }, want: ["imageVersion"] },
    { name: "an image's name", args: { imageVersion: "noble" }, want: ["imageVersion"] },
    { name: "zone 3", args: { zone: "3" }, want: [] },
    { name: "zone 4", args: { zone: "4" }, want: ["zone"] },
    { name: "a reserved administrator", args: { adminUsername: "admin" }, want: ["adminUsername"] },
    { name: "root", args: { adminUsername: "root" }, want: ["adminUsername"] },
    {
      name: "an administrator in capitals",
      args: { adminUsername: "Ops" },
      want: ["adminUsername"],
    },
    {
      name: "a name of 33 letters",
      args: { adminUsername: "a".repeat(33) },
      want: ["adminUsername"],
    },
    { name: "no pause between looks", args: { policyPollSeconds: 0 }, want: ["policyPollSeconds"] },
    { name: "a drain without end", args: { drainSeconds: 301 }, want: ["drainSeconds"] },
    { name: "no drain at all", args: { drainSeconds: 0 }, want: [] },
    { name: "an hour between looks", args: { policyPollSeconds: 3600 }, want: [] },
  ]) {
    test(name, () => assert.deepEqual(paths(args), want));
  }
});

describe("sizeReason", () => {
  for (const size of [
    ...["Standard_D2s_v5", "Standard_D4ads_v6", "Standard_B2ats_v2", "Standard_B2ms"],
    ...["Standard_F8s_v2", "Standard_E4-2ds_v5", "Standard_D2as_v5", "Standard_DC2as_v5"],
  ]) {
    test(`takes ${size}`, () => assert.equal(sizeReason(size), undefined));
  }
  for (const size of [
    ...["", "D2s_v5", "Standard", "Standard_D2s v5", "standard_d2s_v5"],
    ...["Standard_A2_v2", "Standard_D2_v2", "Standard_D2_v3", "Basic_A1"],
  ]) {
    test(`refuses ${size || "nothing"}`, () => assert.notEqual(sizeReason(size), undefined));
  }
});

describe("sshKeyReason", () => {
  test("takes an RSA key of 2,048 bits, with its comment", () => {
    assert.equal(sshKeyReason(rsaKey(2048)), undefined);
  });
  test("refuses an RSA key of 1,024 bits", () => {
    assert.match(sshKeyReason(rsaKey(1024)) ?? "", /2048/);
  });
  test("refuses a private key without repeating it", () => {
    const text = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----";
    const reason = sshKeyReason(text) ?? "";
    assert.match(reason, /private key/);
    assert.ok(!reason.includes("c2VjcmV0"));
  });
  for (const key of ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss AAAAB3NzaC1kc3M="]) {
    test(`refuses ${key || "nothing"}`, () => assert.notEqual(sshKeyReason(key), undefined));
  }
});

test("zones are known ones, each once", () => {
  assert.deepEqual(zonesProblems("z", ["1", "3"]), []);
  assert.deepEqual(
    zonesProblems("z", ["1", "0", "1"]).map((p) => p.propertyPath),
    ["z[1]", "z[2]"],
  );
});
