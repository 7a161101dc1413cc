import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { contractFiles } from "../../tools/reference/contract";
import { read } from "../support/sources";

describe("the guest's copies of the contract", () => {
  for (const [file, text] of Object.entries(contractFiles())) {
    test(`${file} is what \`npm run docs\` writes`, () => assert.equal(read(file), text));
  }
});
