/** The interface under load: readers, and writers who all change one resource. Prints figures. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { after, before, describe, test } from "node:test";
import { Arm } from "../../../../lab/arm/arm";
import { asBody, type Body } from "../../../../lab/arm/resource";
import * as az from "../fixture";
import { type RestAzure, restAzure } from "./client";

const CLIENTS = 8;
const READS = 1600;
const WRITERS = 50;
const WRITES = 1;
const VERSION = "2024-05-01";

interface Answer {
  status: number;
  etag: string;
  body: Body;
}

describe("the interface under load", () => {
  let azure: RestAzure;
  let agent: Agent;
  before(async () => {
    azure = await restAzure((await az.referenceAzure()).store);
    agent = new Agent({ keepAlive: true, ca: readFileSync(azure.server.caFile) });
  });
  after(async () => {
    agent.destroy();
    await azure.close();
  });

  /** One request on a connection that is kept; the answer is whole, or this rejects. */
  const send = (method: string, id: string, body?: Body, ifMatch?: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${azure.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
      };
      const url = `${azure.server.endpoint}${id}?api-version=${VERSION}`;
      const outgoing = request(url, { method, agent, headers }, (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
        reply.on("end", () => {
          try {
            const answer = JSON.parse(Buffer.concat(chunks).toString()) as Body;
            resolve({ status: reply.statusCode ?? 0, etag: String(answer.etag), body: answer });
          } catch (torn) {
            reject(torn as Error);
          }
        });
      });
      outgoing.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
    });

  test(`${CLIENTS} clients read`, async () => {
    const took: number[] = [];
    const begun = performance.now();
    const client = async () => {
      for (let i = 0; i < READS / CLIENTS; i++) {
        const from = performance.now();
        const { status, body } = await send("GET", az.gateway);
        took.push(performance.now() - from);
        assert.deepEqual([status, body.name], [200, "gwlb"]);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    const seconds = (performance.now() - begun) / 1000;
    const sorted = took.sort((a, b) => a - b);
    const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
    const memory = Math.round(process.memoryUsage().rss / 1e6);
    console.log(
      `${Math.round(READS / seconds)} GETs a second, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${memory} MB with its clients`,
    );
  });

  test(`${WRITERS} writers of one resource lose no update`, async () => {
    const id = az.network("publicIPAddresses", "counted");
    const arm = new Arm(azure.store);
    await arm.put(id, { ...az.good.publicIp(), tags: { count: "0" } });
    let refused = 0;
    const writer = async () => {
      for (let done = 0; done < WRITES; ) {
        const { body, etag } = await send("GET", id);
        const count = Number(asBody(body.tags)?.count) + 1;
        const changed = { ...body, tags: { count: String(count) } };
        const { status } = await send("PUT", id, changed, etag);
        if (status === 200) done += 1;
        else {
          assert.equal(status, 412);
          refused += 1;
        }
      }
    };
    const begun = performance.now();
    await Promise.all(Array.from({ length: WRITERS }, writer));
    const { tags } = (await arm.get(id)) as Body;
    assert.deepEqual(tags, { count: String(WRITERS * WRITES) });
    const seconds = (performance.now() - begun) / 1000;
    console.log(`${WRITERS * WRITES} writes and ${refused} refusals in ${seconds.toFixed(1)} s`);
  });
});
