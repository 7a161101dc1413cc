import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { upsertComment } from "../../../tools/preview/github";

interface Comment {
  id: number;
  body: string;
  user: { login: string };
}

const author = "github-actions[bot]";
const body = "<!-- mark dev -->\nnew";

/** Plays the part of GitHub's comments on one pull request. */
describe("upsertComment", () => {
  let comments: Comment[] = [];
  let refuse = false;
  let server: Server;
  const target = { api: "", author, repository: "o/r", number: 7, token: "t" };

  async function answer(request: IncomingMessage): Promise<[number, unknown]> {
    if (refuse) return [403, { message: "Resource not accessible" }];
    assert.equal(request.headers.authorization, "Bearer t");
    const { pathname, searchParams } = new URL(request.url ?? "", "http://api");
    const list = pathname === "/repos/o/r/issues/7/comments";
    if (request.method === "GET" && list) {
      const page = Number(searchParams.get("page"));
      return [200, comments.slice((page - 1) * 100, page * 100)];
    }
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const sent = (JSON.parse(text) as { body: string }).body;
    if (request.method === "POST" && list) {
      comments.push({ id: comments.length + 1, body: sent, user: { login: author } });
      return [201, {}];
    }
    const id = Number(/^\/repos\/o\/r\/issues\/comments\/(\d+)$/.exec(pathname)?.[1]);
    const found = comments.find((comment) => comment.id === id);
    if (request.method !== "PATCH" || found === undefined) return [404, {}];
    found.body = sent;
    return [200, {}];
  }

  before(async () => {
    server = createServer((request, response) => {
      answer(request).then(
        ([status, value]) => response.writeHead(status).end(JSON.stringify(value)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    target.api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());
  beforeEach(() => {
    refuse = false;
    comments = Array.from({ length: 130 }, (_, i) => ({
      id: i + 1,
      body: "hello",
      user: { login: "someone" },
    }));
  });

  test("writes a comment where there is none, then keeps that one up to date", async () => {
    assert.equal(await upsertComment(target, "<!-- mark dev -->\nold"), "new");
    assert.equal(await upsertComment(target, body), "updated");
    assert.equal(comments.length, 131);
    assert.equal(comments.at(-1)?.body, body);
  });

  test("leaves the comment of another stack alone", async () => {
    await upsertComment(target, "<!-- mark prod -->\nprod");
    assert.equal(await upsertComment(target, body), "new");
  });

  test("does not write over a comment of somebody who copied the marker", async () => {
    comments.push({ id: 131, body, user: { login: "someone" } });
    assert.equal(await upsertComment(target, body), "new");
    assert.equal(comments.find(({ id }) => id === 131)?.body, body);
  });

  test("fails with GitHub's answer", async () => {
    refuse = true;
    await assert.rejects(upsertComment(target, body), /403.*not accessible/);
  });
});
