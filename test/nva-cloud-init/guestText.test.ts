import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withoutProse } from "../../nva-cloud-init/guestText";

const text = (...lines: string[]) => `${lines.join("\n")}\n`;

describe("withoutProse", () => {
  for (const { name, before, after } of [
    {
      name: "keeps the interpreter, drops comments and the file's docstring",
      before: text("#!/usr/bin/python3", '"""What it is.', "", 'More."""', "# why", "X = 1"),
      after: text("#!/usr/bin/python3", "X = 1"),
    },
    {
      name: "drops a comment behind code, and nothing that may be part of a string",
      before: text("X = 1  # seconds", 'Y = "a  # b"', "Z = '#'  # its 'sign'"),
      after: text("X = 1", 'Y = "a  # b"', "Z = '#'  # its 'sign'"),
    },
    {
      name: "drops the docstring of a function",
      before: text("def f():", '    """Does."""', "    return 1"),
      after: text("def f():", "    return 1"),
    },
    {
      name: "keeps a docstring that is all of a body",
      before: text("class E(Exception):", '    """Is raised."""', "", "", "X = 1"),
      after: text("class E(Exception):", '    """Is raised."""', "", "", "X = 1"),
    },
    {
      name: "drops a docstring that is all of a file",
      before: text('"""What it is."""'),
      after: "",
    },
    {
      name: "keeps a long string that is a value",
      before: text('X = """a', '"""', "def f():", '    return """', "# no comment", '"""'),
      // A line of a string that looks like a comment is taken: the guest has none.
      after: text('X = """a', '"""', "def f():", '    return """', '"""'),
    },
    { name: "keeps a unit's options", before: text("# why", "[Unit]"), after: text("[Unit]") },
  ]) {
    test(name, () => assert.equal(withoutProse(before), after));
  }
});
