import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { StoredResource } from "../../../lab/arm/resource";
import { Store } from "../../../lab/arm/store";
import { run, start } from "../../../lab/run";
import { emptyStore } from "./fixture";

const thing = (name: string, value: unknown = 0, users: string[] = []): StoredResource => ({
  id: `/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/things/${name}`,
  name,
  type: "Microsoft.Network/things",
  etag: "",
  properties: { value, uses: users.map((user) => ({ id: thing(user).id })) },
});

const journalOf = (dir: string) => path.join(dir, "journal.jsonl");
const contents = (store: Store) =>
  Object.fromEntries([...store.snapshot().resources.values()].map((r) => [r.name, r.properties]));

/** A program that uses the store from another process. */
const program = (dir: string, body: string) => [
  process.execPath,
  ...["--require", "tsx/cjs", "--eval"],
  `const { Store } = require(${JSON.stringify(path.resolve("lab/arm/store"))});
   const store = Store.open(${JSON.stringify(dir)});
   const thing = (name, value) => ({ id: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/things/" + name, name, type: "Microsoft.Network/things", etag: "", properties: { value, uses: [] } });
   (async () => { ${body} })();`,
];

describe("Store", () => {
  test("shows what was committed, to itself and to whoever opens it", async () => {
    const { dir, store } = emptyStore();
    await store.transact((tx) => tx.put(thing("a", 1)));
    await store.transact((tx) => {
      tx.put(thing("b", 2));
      tx.delete(thing("A").id);
    });
    assert.equal(store.snapshot().seq, 2);
    assert.deepEqual(Object.keys(contents(store)), ["b"]);
    assert.deepEqual(contents(Store.open(dir)), contents(store));
  });

  test("a transaction that throws leaves nothing, and the next one goes on", async () => {
    const { dir, store } = emptyStore();
    await assert.rejects(
      store.transact((tx) => {
        tx.put(thing("a"));
        throw new Error("no");
      }),
      /no/,
    );
    await store.transact((tx) => tx.put(thing("b")));
    assert.deepEqual(Object.keys(contents(Store.open(dir))), ["b"]);
    assert.equal(store.snapshot().seq, 1);
  });

  test("a snapshot does not move with later changes", async () => {
    const { store } = emptyStore();
    await store.transact((tx) => tx.put(thing("a", 1)));
    const before = store.snapshot();
    await store.transact((tx) => tx.put(thing("a", 2)));
    assert.deepEqual(
      [...before.resources.values()].map((r) => r.properties.value),
      [1],
    );
  });

  test("any history reads back the same, also across a compaction", async () => {
    const names = fc.constantFrom("a", "b", "c", "d");
    const op = fc.record({ name: names, value: fc.option(fc.jsonValue()) });
    const histories = fc.array(fc.array(op, { maxLength: 4 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const { dir, store } = emptyStore();
        const model = new Map<string, unknown>();
        for (const ops of history) {
          await store.transact((tx) => {
            for (const { name, value } of ops) {
              if (value === null) tx.delete(thing(name).id);
              else tx.put(thing(name, value));
            }
          });
          for (const { name, value } of ops) {
            if (value === null) model.delete(name);
            else model.set(name, value);
          }
        }
        const want = JSON.parse(JSON.stringify(Object.fromEntries(model)));
        const values = (s: Store) =>
          Object.fromEntries(Object.entries(contents(s)).map(([n, p]) => [n, p.value]));
        assert.deepEqual(JSON.parse(JSON.stringify(values(Store.open(dir)))), want);
      }),
      { numRuns: 30 },
    );
  });

  test("a last line cut off anywhere is as if it had never been begun", async () => {
    const { dir, store } = emptyStore();
    await store.transact((tx) => tx.put(thing("a", 1)));
    const whole = fs.readFileSync(journalOf(dir));
    await store.transact((tx) => tx.put(thing("b", "ä€")));
    const both = fs.readFileSync(journalOf(dir));
    for (let end = whole.length; end < both.length; end += 1) {
      fs.writeFileSync(journalOf(dir), both.subarray(0, end));
      const again = Store.open(dir);
      assert.deepEqual(Object.keys(contents(again)), ["a"], `cut at ${end}`);
      await again.transact((tx) => tx.put(thing("c")));
      assert.deepEqual(Object.keys(contents(Store.open(dir))), ["a", "c"], `cut at ${end}`);
    }
  });

  test("a whole line that is no entry is an error that names it, not a silent loss", async () => {
    const { dir, store } = emptyStore();
    await store.transact((tx) => tx.put(thing("a")));
    fs.appendFileSync(journalOf(dir), "{half}\n");
    assert.throws(() => Store.open(dir), /journal\.jsonl, line 2/);
  });

  test("two processes writing at once lose nothing", async () => {
    const { dir, store } = emptyStore();
    await store.transact((tx) => tx.put(thing("count", 0)));
    const count = `for (let i = 0; i < 100; i += 1)
      await store.transact((tx) => tx.put(thing("count", tx.get(thing("count").id).properties.value + 1)));`;
    await Promise.all([run(program(dir, count)), run(program(dir, count))]);
    assert.equal(contents(store).count?.value, 200);
    assert.equal(store.snapshot().seq, 201);
    const seqs = fs.readFileSync(journalOf(dir), "utf8").trim().split("\n");
    assert.deepEqual(
      seqs.map((line) => JSON.parse(line).seq),
      seqs.map((_, i) => i + 1),
    );
  });

  test("a writer killed in the middle leaves a store that others read and write", async () => {
    const { dir, store } = emptyStore();
    const endless = `for (let i = 0; ; i += 1)
      await store.transact((tx) => { tx.put(thing("x", i)); tx.put(thing("y", i)); tx.put(thing("fill", "z".repeat(20000))); });`;
    for (let round = 0; round < 2; round += 1) {
      const writer = start(program(dir, endless));
      const ended = once(writer, "exit");
      const before = store.snapshot().seq;
      while (store.snapshot().seq < before + 5 + round * 7)
        await new Promise((r) => setTimeout(r, 1));
      writer.kill("SIGKILL");
      await ended;
      const { x, y } = contents(Store.open(dir));
      assert.deepEqual(x, y, "half a transaction");
      await store.transact((tx) => tx.put(thing("after", round)));
      assert.equal(contents(Store.open(dir)).after?.value, round);
    }
  });

  test("compacts when the journal has become long, and readers follow", async () => {
    const { dir, store } = emptyStore();
    const reader = Store.open(dir);
    await store.transact((tx) => tx.put(thing("still", "here")));
    for (let i = 0; i < 2100; i += 1) await store.transact((tx) => tx.put(thing("a", i)));
    const lines = fs.readFileSync(journalOf(dir), "utf8").trim().split("\n").length;
    assert.ok(lines < 200, `${lines} lines`);
    assert.deepEqual(contents(reader), contents(store));
    assert.equal(reader.snapshot().seq, 2101);
  });

  test("knows who uses what, within a transaction too", async () => {
    const { store } = emptyStore();
    await store.transact((tx) => tx.put(thing("a", 0, ["b"])));
    await store.transact((tx) => {
      const users = (name: string) => tx.usersOf(thing(name).id).map((user) => user.name);
      assert.deepEqual(users("B"), ["a"]);
      tx.put(thing("c", 0, ["b"]));
      tx.put(thing("a", 0, []));
      assert.deepEqual(users("b"), ["c"]);
      tx.delete(thing("c").id);
      assert.deepEqual(users("b"), []);
    });
  });

  test("a write adds a line of the same length among thousands of resources", async () => {
    const { dir, store } = emptyStore();
    const size = () => fs.statSync(path.join(dir, "journal.jsonl")).size;
    const grownBy = async (name: string) => {
      const before = size();
      await store.transact((tx) => tx.put(thing(name, 1, ["n0"])));
      return size() - before;
    };
    await store.transact((tx) => tx.put(thing("n0", 0)));
    const few = await grownBy("one");
    await store.transact((tx) => {
      for (let i = 1; i < 5000; i += 1) tx.put(thing(`n${i}`, i, ["n0"]));
    });
    // The number of the transaction may have grown by a digit or two.
    assert.ok((await grownBy("two")) - few <= 2);
  });

  test("watch tells of others' commits until it is stopped", async () => {
    const { dir, store } = emptyStore();
    const told = new Promise<number>((resolve) => {
      const stop = store.watch(() => {
        if (store.snapshot().seq === 0) return;
        stop();
        resolve(store.snapshot().seq);
      });
    });
    await run(program(dir, `await store.transact((tx) => tx.put(thing("a", 1)));`));
    assert.equal(await told, 1);
  });
});
