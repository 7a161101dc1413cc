import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import dgram from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";
import { start } from "../../../lab/run";
import { workloadCustomData } from "../../../program/demo/workloadData";
import { root } from "../../support/sources";

interface CloudConfig {
  write_files: { path: string; permissions: string; encoding: string; content: string }[];
  runcmd: string[][];
}

const guest = (name: string) => readFileSync(path.join(root, "program/demo/guest", name), "utf8");

describe("workloadCustomData", () => {
  const config = parse(workloadCustomData()) as CloudConfig;

  test("installs the files as they are, the program as one that can be run", () => {
    const installed = config.write_files.map(({ path: to, permissions, content }) => {
      return [to, permissions, Buffer.from(content, "base64").toString()];
    });
    assert.deepEqual(installed, [
      ["/opt/demo/demo-web.py", "0755", guest("demo-web.py")],
      ["/etc/systemd/system/demo-web.service", "0644", guest("demo-web.service")],
    ]);
  });

  test("starts the unit, now and at every boot, and downloads nothing", () => {
    assert.deepEqual(config.runcmd.at(-1), ["systemctl", "enable", "--now", "demo-web.service"]);
    assert.match(guest("demo-web.service"), /^ExecStart=\/opt\/demo\/demo-web\.py$/m);
    assert.doesNotMatch(workloadCustomData(), /packages|apt|curl|wget/);
  });

  test("is the same text again", () => assert.equal(workloadCustomData(), workloadCustomData()));
});

describe("demo-web.py", () => {
  const [web, echo] = [20_000 + (process.pid % 10_000), 30_001 + (process.pid % 10_000)];
  // The program as it is, on ports that a test may have.
  const launcher = [
    "import importlib.util, sys",
    "spec = importlib.util.spec_from_file_location('demo', sys.argv[1])",
    "demo = importlib.util.module_from_spec(spec)",
    "spec.loader.exec_module(demo)",
    "demo.HTTP_PORT, demo.ECHO_PORT = int(sys.argv[2]), int(sys.argv[3])",
    "demo.main()",
  ].join("\n");
  const file = path.join(root, "program/demo/guest/demo-web.py");
  const server = start(["python3", "-c", launcher, file, String(web), String(echo)], {});
  const url = `http://127.0.0.1:${web}`;

  before(async () => {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
      const up = await fetch(`${url}/health`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (up) return;
    }
    assert.fail("the program does not answer");
  });
  after(async () => {
    server.kill();
    await once(server, "close");
  });

  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

  test("gives the same bytes each time, as many as asked for, with their checksum", async () => {
    const fetched = async (size: number) => {
      const answer = await fetch(`${url}/bytes/${size}`);
      const body = new Uint8Array(await answer.arrayBuffer());
      assert.equal(body.length, size);
      assert.equal(answer.headers.get("x-sha256"), sha256(body));
      return sha256(body);
    };
    await fetched(0);
    await fetched(10 * 1024 * 1024);
    assert.equal(await fetched(100_001), await fetched(100_001));
  });

  test("tells the checksum of what it got", async () => {
    const body = new Uint8Array(1_000_000).map((_, i) => i % 251);
    for (const method of ["POST", "PUT"]) {
      const answer = await fetch(`${url}/sha256`, { method, body });
      assert.equal((await answer.text()).trim(), sha256(body));
    }
  });

  test("gives no more than its limit, and says so", async () => {
    assert.equal((await fetch(`${url}/bytes/${10 * 1024 * 1024 + 1}`)).status, 404);
    assert.equal((await fetch(`${url}/nothing`)).status, 404);
  });

  test("sends datagrams back as they came", async () => {
    const socket = dgram.createSocket("udp4");
    const sent = Buffer.alloc(4000, "fragment");
    socket.send(sent, echo, "127.0.0.1");
    const [got] = (await once(socket, "message")) as [Buffer];
    socket.close();
    assert.deepEqual(got, sent);
  });
});
