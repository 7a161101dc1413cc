import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { Progress } from "../../lab/progress";

/** A screen that keeps what was written. */
function screen(isTTY: boolean) {
  let text = "";
  return {
    isTTY,
    columns: 40,
    write: (more: string) => {
      text += more;
    },
    text: () => text,
  };
}

describe("progress", () => {
  test("a short step leaves a log alone", async () => {
    const plain = screen(false);
    assert.equal(await new Progress(plain).step("work", async () => 7), 7);
    assert.equal(plain.text(), "");
  });

  test("a long step is announced in a log, shows that it lives, and ends with its seconds", async () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    try {
      const plain = screen(false);
      let done: () => void = () => undefined;
      const step = new Progress(plain).step("work", (note) => {
        note("half of it");
        return new Promise<void>((resolve) => {
          done = resolve;
        });
      });
      mock.timers.tick(1000);
      assert.equal(plain.text(), "work …\n");
      mock.timers.tick(19_000);
      assert.match(plain.text(), /\nwork … 20\.0 s {2}half of it\n$/);
      done();
      await step;
      assert.match(plain.text(), /\nwork: 20\.0 s\n$/);
    } finally {
      mock.timers.reset();
    }
  });

  test("a terminal's line is drawn in place and never longer than the terminal", async () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    try {
      const terminal = screen(true);
      let done: () => void = () => undefined;
      const step = new Progress(terminal).step("w".repeat(60), () => {
        return new Promise<void>((resolve) => {
          done = resolve;
        });
      });
      mock.timers.tick(200);
      assert.equal(terminal.text(), `\r\x1b[K${"w".repeat(39)}`);
      done();
      await step;
      assert.match(terminal.text(), /w: 0\.2 s\n$/);
    } finally {
      mock.timers.reset();
    }
  });

  test("a failed step says so and hands the error on", async () => {
    const plain = screen(false);
    const failing = new Progress(plain).step("work", () => Promise.reject(new Error("no")));
    await assert.rejects(failing, /no/);
    assert.match(plain.text(), /^work: failed after/);
  });
});
