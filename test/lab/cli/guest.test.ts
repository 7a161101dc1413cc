import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { differing } from "../../../lab/cli/guest";
import { cloudConfig, placedFiles } from "../../../nva-cloud-init/cloudConfig";
import { settings } from "../../support/outside";

const sumOf = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");

describe("lab guest push", () => {
  const files = placedFiles();

  test("has every file that customData brings, but for the settings", () => {
    const brought = [...cloudConfig(settings).matchAll(/^- path: (.+)$/gm)].map(([, file]) => file);
    const pushed = files.map((file) => file.path);
    assert.deepEqual([...pushed, "/etc/azure-gwlb/settings.json"].sort(), brought.sort());
  });

  test("writes what is missing or differs, and nothing else", () => {
    const [first, second, third] = files;
    assert.ok(first && second && third);
    const sums = files
      .filter((file) => file !== second)
      .map((file) => {
        const content = file === third ? Buffer.from("another") : file.content;
        return `${sumOf(content)}  ${file.path}`;
      });
    assert.deepEqual(differing(files, sums.join("\n")), [second, third]);
  });
});
