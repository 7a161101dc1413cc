import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { gzip } from "../../nva-cloud-init/gzip";

describe("gzip", () => {
  for (const { name, data } of [
    { name: "nothing", data: Buffer.alloc(0) },
    { name: "one byte", data: Buffer.from("a") },
    { name: "the longest match, and one more", data: Buffer.alloc(3 + 258 * 2 + 1, "abc") },
    { name: "every byte", data: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)) },
    { name: "one byte 100,000 times", data: Buffer.alloc(100_000, 7) },
    { name: "a match at the far end of the window", data: farMatch(32_768) },
    { name: "one just outside of it", data: farMatch(32_769) },
  ]) {
    test(`unpacks to what was packed: ${name}`, () => {
      assert.deepEqual(gunzipSync(gzip(data)), data);
    });
  }

  test("unpacks to what was packed: anything", () => {
    const few = fc.uint8Array({ max: 3, maxLength: 2000 });
    fc.assert(
      fc.property(fc.oneof(few, fc.uint8Array({ maxLength: 500 })), (bytes) => {
        assert.deepEqual(gunzipSync(gzip(bytes)), Buffer.from(bytes));
      }),
    );
  });

  test("gives the bytes that it gave when NVAs were made with it", () => {
    // Another result would replace every NVA at the next deployment.
    const text = "an NVA is an NVA is an NVA, and no two are alike\n".repeat(3);
    const digest = createHash("sha256")
      .update(gzip(Buffer.from(text)))
      .digest("hex");
    assert.equal(digest, "be926ea1c0ed8878ba6cb6f06f3ed1bf91f2781d8b58541b96c4691767e5b6c6");
  });
});

/** Eight bytes that come again after a distance, with nothing alike between. */
function farMatch(distance: number): Buffer {
  const data = Buffer.alloc(distance + 8);
  for (let at = 8; at < distance; at += 4) data.writeUInt32BE(Math.imul(at, 2654435761) >>> 0, at);
  Buffer.from("12345678").copy(data, 0);
  Buffer.from("12345678").copy(data, distance);
  return data;
}
