import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import dgram from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "../../../lab/run";

const program = readFileSync(path.resolve(__dirname, "../../../lab/proof/client.py"), "utf8");
const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");

/** The client's answer, on loopback. */
async function act(name: string, server: { address(): unknown }, ...args: string[]) {
  const { port } = server.address() as AddressInfo;
  const to = ["--source", "127.0.0.1", "--to", "127.0.0.1", "--port", String(port)];
  const { stdout } = await run(["python3", "-", name, ...to, ...args], { input: program });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("client.py on loopback", () => {
  const web = http.createServer((request, response) => {
    const digest = createHash("sha256");
    request.on("data", (piece: Buffer) => digest.update(piece));
    request.on("end", () =>
      response.end(request.method === "POST" ? digest.digest("hex") : "hello"),
    );
  });
  const ssh = net.createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write("SSH-2.0-test\r\n");
  });
  const echo = dgram.createSocket("udp4");
  const silent = dgram.createSocket("udp4");

  before(async () => {
    for (const server of [web, ssh]) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    }
    echo.on("message", (text, from) => echo.send(text, from.port, from.address));
    for (const socket of [echo, silent]) {
      socket.bind(0, "127.0.0.1");
      await once(socket, "listening");
    }
  });
  after(() => {
    for (const server of [web, ssh]) server.close();
    for (const socket of [echo, silent]) socket.close();
  });

  test("fetch reads a page", async () => {
    const { status, text, sha256: got } = await act("fetch", web);
    assert.deepEqual([status, text, got], [200, "hello", sha256("hello")]);
  });
  test("fetch sends a body and says its sha256", async () => {
    const { text, sentSha256 } = await act("fetch", web, "--method", "POST", "--size", "100000");
    assert.equal(text, sentSha256);
    assert.notEqual(text, sha256(""));
  });
  test("banner reads a line", async () => {
    assert.deepEqual(await act("banner", ssh), { text: "SSH-2.0-test" });
  });
  test("datagram compares what comes back", async () => {
    const back = await act("datagram", echo, "--size", "4000");
    assert.deepEqual(back, { bytes: 4000, intact: true });
  });
  test("datagram says that nothing came back", async () => {
    const { error } = await act("datagram", silent, "--size", "10", "--seconds", "0.2");
    assert.match(String(error), /timed out/);
  });
  test("knock counts SYNs and answers", async () => {
    const { sent, answered, ports } = await act("knock", ssh, "--count", "3");
    assert.deepEqual([sent, answered, (ports as number[]).length], [3, 3, 3]);
  });
  test("handshakes times every connect", async () => {
    const { nanoseconds, failed } = await act("handshakes", ssh, "--count", "20");
    assert.equal((nanoseconds as number[]).filter((one) => one > 0).length, 20);
    assert.equal(failed, 0);
  });
  test("handshakes counts those that fail", async () => {
    const closed = { address: () => ({ port: 1 }) };
    assert.deepEqual(await act("handshakes", closed, "--count", "2"), {
      nanoseconds: [],
      failed: 2,
    });
  });
});
