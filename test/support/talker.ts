/** A program that answers each line of JSON with one, and says so with its first line. */
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { type Argv, start } from "../../lab/run";

export class Talker {
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly what: string,
    readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
  ) {}

  /** Starts it, hands it what it needs first, and waits until it is ready. */
  static async start(what: string, argv: Argv, first?: Uint8Array): Promise<Talker> {
    const child = start(argv, { stdio: ["pipe", "pipe", "inherit"] });
    if (child.stdout === null) throw new Error(`${what}: no output to read`);
    // A program that has ended says so by its output's end.
    child.stdin?.on("error", () => undefined);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const talker = new Talker(what, child, lines);
    if (first !== undefined) child.stdin?.write(first);
    await talker.#next();
    return talker;
  }

  /** Asks, after what was asked before has been answered. */
  ask<Answer>(request: object): Promise<Answer> {
    const answer = this.#turn.then(() => {
      this.child.stdin?.write(`${JSON.stringify(request)}\n`);
      return this.#next();
    });
    this.#turn = answer.catch(() => undefined);
    return answer as Promise<Answer>;
  }

  stop(): void {
    this.child.stdin?.end();
    this.child.kill("SIGKILL");
  }

  async #next(): Promise<unknown> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.what} ended`);
    return JSON.parse(value) as unknown;
  }
}
