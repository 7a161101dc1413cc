import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { publicKeyOf } from "../../../../components/provider/plan/administratorKey";
import { sshKeyReason } from "../../../../components/provider/plan/nva";

describe("publicKeyOf", () => {
  test("gives the key of RFC 8032's first test vector", () => {
    const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const [kind, body = ""] = publicKeyOf(Buffer.from(seed, "hex").toString("base64")).split(" ");
    assert.equal(kind, "ssh-ed25519");
    assert.equal(Buffer.from(body, "base64").subarray(-32).toString("hex"), key);
  });

  test("of any seed is a key that Azure takes, and does not show the seed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const seed = Buffer.from(bytes).toString("base64");
        const key = publicKeyOf(seed);
        assert.equal(sshKeyReason(key), undefined);
        assert.equal(publicKeyOf(seed), key);
        assert.ok(!Buffer.from(key.split(" ")[1] ?? "", "base64").includes(Buffer.from(bytes)));
      }),
    );
  });

  test("refuses a seed of another length", () => {
    assert.throws(() => publicKeyOf(Buffer.alloc(31).toString("base64")), /32/);
  });
});
