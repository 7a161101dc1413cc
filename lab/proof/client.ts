/** Runs `client.py` in places of the lab. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { inPlace, type PlaceMap } from "../places";
import { type Argv, run, start } from "../run";
import { type Act, type Flow, visitor } from "./flows";
import type { Answer } from "./judge";

/** Seconds that a client waits for an answer that should come. */
const PATIENCE = 5;
/** Seconds that a client waits where no answer may come: less than TCP's first repetition. */
const SILENCE = 0.8;
/** Seconds for a whole transfer. */
const TRANSFER_LIMIT = 60;

/** One act of `client.py` in a place; its answer is the last line that it prints. */
export async function clientAct<T = Answer>(
  status: PlaceMap,
  place: string,
  args: Argv,
  timeoutSeconds = TRANSFER_LIMIT,
): Promise<T> {
  const argv = inPlace(status, place, ["python3", "-", ...args]);
  const { stdout } = await run(argv, { input: program(), timeoutSeconds });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
}

/** Sends a flow and returns what its client saw. */
export function send(status: PlaceMap, flow: Flow): Promise<Answer> {
  if (flow.act.kind === "outbound") return sendOutbound(status, flow);
  return clientAct(status, "internet", clientArgs(flow));
}

/** Arguments of `client.py` for a flow from the internet. Pure. */
export function clientArgs({ host, consumer, act }: Flow): Argv {
  const pair = ["--source", host, "--to", consumer.address];
  return [...actArgs(act), ...pair];
}

function actArgs(act: Act): Argv {
  const patience = ["--seconds", String(PATIENCE)];
  switch (act.kind) {
    case "knock":
      return [
        ...["knock", "--port", String(act.port), "--count", String(act.attempts)],
        ...["--seconds", String(SILENCE)],
      ];
    case "banner":
      return ["banner", "--port", String(act.port), ...patience];
    case "page":
      return ["fetch", "--port", String(act.port), ...patience];
    case "download":
      return [
        ...["fetch", "--port", String(act.port), "--path", `/bytes/${act.size}`],
        ...["--seconds", String(TRANSFER_LIMIT)],
      ];
    case "upload":
      return [
        ...["fetch", "--port", String(act.port), "--method", "POST", "--path", "/sha256"],
        ...["--size", String(act.size), "--seconds", String(TRANSFER_LIMIT)],
      ];
    case "datagram":
      return ["datagram", "--port", String(act.port), "--size", String(act.size), ...patience];
    case "ping":
      return ["ping", "--size", String(act.size), ...patience];
    case "outbound":
      return ["banner", ...patience];
  }
}

/** A VM of the consumer calls a server on the internet, which says who it saw. */
async function sendOutbound(status: PlaceMap, { host, consumer }: Flow): Promise<Answer> {
  const [vm] = consumer.vms;
  if (vm === undefined) return { error: `no VM behind ${consumer.name}` };
  const listen = ["listen", "--source", host, "--seconds", String(PATIENCE + 1)];
  const server = start(inPlace(status, "internet", ["python3", "-c", program(), ...listen]), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  let text = "";
  const port = new Promise<number>((resolve, reject) => {
    server.stdout?.on("data", (piece: Buffer) => {
      text += piece.toString();
      lines.splice(0, lines.length, ...text.split("\n").filter((line) => line !== ""));
      const first = text.includes("\n") ? lines[0] : undefined;
      if (first !== undefined) resolve((JSON.parse(first) as { port: number }).port);
    });
    server.once("close", () => reject(new Error("the server on the internet did not start")));
  });
  const closed = once(server, "close");
  const to = ["--to", host, "--port", String(await port)];
  const answer = await clientAct(status, vm, ["banner", ...to, "--seconds", String(PATIENCE)]);
  await closed;
  return { ...answer, ...(JSON.parse(lines.at(-1) ?? "{}") as Answer) };
}

/** A connect of its own that passes, to be seen by every capture: what came before, they saw. */
export async function sendMarker(status: PlaceMap, address: string): Promise<number | undefined> {
  const pair = ["--source", visitor, "--to", address, "--port", "80", "--seconds", "2"];
  const { ports } = await clientAct<{ ports?: number[] }>(status, "internet", ["knock", ...pair]);
  return ports?.[0];
}

let cached: string | undefined;
function program(): string {
  cached ??= readFileSync(path.join(__dirname, "client.py"), "utf8");
  return cached;
}
