import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { saltOf, toLab, toProject } from "../../../lab/engine/settingsCopy";

const plain = "# mine\nconfig:\n  a:b: c\n";
const real = `secretsprovider: azurekeyvault://v\nencryptedkey: abc\n${plain}`;

describe("the lab's copy of a stack's settings", () => {
  test("has the lab's salt and no other way of keeping secrets", () => {
    assert.equal(toLab(real, "v1:x"), `${plain}encryptionsalt: v1:x\n`);
    assert.equal(saltOf(toLab(`encryptionsalt: v1:old\n${plain}`, "v1:x")), "v1:x");
  });

  test("has none before the engine has made one", () => {
    assert.equal(toLab(plain, undefined), plain);
    assert.equal(saltOf(plain), undefined);
  });

  test("goes back with the project's own way of keeping secrets", () => {
    const edited = toLab(real, "v1:x").replace("a:b: c", "a:b: d");
    assert.equal(toProject(edited, real), `${plain.replace("c\n", "d\n")}${realKeeping}`);
  });

  test("of an empty stack goes back empty", () => {
    assert.equal(toProject("encryptionsalt: v1:x\n{}\n", ""), "");
  });

  test("goes there and back unchanged", () => {
    const line = fc.stringMatching(/^[a-z#][a-z0-9 :"{}-]{0,20}$/);
    const text = fc.array(line).map((lines) => lines.map((l) => `${l}\n`).join(""));
    fc.assert(
      fc.property(text, fc.stringMatching(/^v1:[A-Za-z0-9+/=:]{1,40}$/), (settings, salt) => {
        assert.equal(saltOf(toLab(settings, salt)), salt);
        assert.equal(toProject(toLab(settings, salt), settings).trim(), emptied(settings).trim());
      }),
    );
  });
});

const realKeeping = "secretsprovider: azurekeyvault://v\nencryptedkey: abc\n";

/** A file that says nothing is written as `{}` by the engine, and as an empty one by the lab. */
const emptied = (text: string) => (text.trim() === "{}" ? "" : text);
