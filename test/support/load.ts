/**
 * Connections through a gateway: M new ones a second, and N that are held and send something each
 * second, so that a cut is seen at once. The program is test/support/load/main.go, on vegeta's
 * library: it keeps its rate whatever becomes of earlier requests, which a client that waits for
 * each answer does not, and times every single request. Programs that hold connections (tcpkali,
 * hey, autocannon) open them again without a word, so that a cut is not seen as one.
 */
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { which } from "../../lab/host/which";
import { cacheDir } from "../../lab/paths";
import { type Argv, run, start } from "../../lab/run";

export interface LoadOptions {
  /** URLs; connections are spread over them. */
  targets: readonly string[];
  /** New connections a second, over all targets. */
  newPerSecond: number;
  /** Connections held, over all targets; each sends a request a second. */
  held: number;
  /** How many of the held ones the client ends in order, and after how many seconds. */
  short?: { count: number; seconds: number };
  /** Address to connect from; the host must have it. */
  source?: string;
  /** Seconds until an attempt, or a request on a held connection, has failed. Default: 2. */
  waitSeconds?: number;
  /** Length of the run at most, in seconds: it ends by itself. */
  seconds: number;
}

/**
 * `new`: a new connection failed. `cut`: a held one that had worked failed. `again`: one that was
 * cut could not be opened anew.
 */
export type FailureKind = "new" | "cut" | "again";

export interface LoadFailure {
  kind: FailureKind;
  /** When the attempt began, milliseconds since 1970. */
  at: number;
  target: string;
  /** Number of the held connection, from 1; the short ones come first. */
  connection?: number;
  reason: string;
}

export interface LoadSums {
  /** New connections tried, and how many of them failed. */
  new: number;
  newFailed: number;
  /** Of those that were answered, after more than 0.9 s: a first packet was lost, and sent again. */
  slow: number;
  /** Requests on held connections. */
  beats: number;
  cut: number;
  again: number;
  /** Held connections that work, and those that were ended in order. */
  held: number;
  ended: number;
}

export interface LoadReport {
  sums: LoadSums;
  failures: LoadFailure[];
  /** Failures by kind, reason and window of time. */
  text: string;
}

interface Line {
  kind: FailureKind | "count" | "end";
  at: number;
  target?: string;
  connection?: number;
  error?: string;
  sums?: LoadSums;
}

const folder = path.join(__dirname, "load");
/** A build with cold caches, in seconds. */
const BUILD_SECONDS = 300;

/** The built program: other sources are another one. */
function program(): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(folder).sort()) hash.update(readFileSync(path.join(folder, name)));
  return path.join(cacheDir(), "load", hash.digest("hex").slice(0, 16), "load");
}

/** Why there is no load generator here; undefined once it is built. Needs the network once. */
export async function ensureLoad(): Promise<string | undefined> {
  const target = program();
  if (existsSync(target)) return undefined;
  const go = which("go");
  if (go === undefined) return "no go on PATH: the load generator cannot be built";
  await mkdir(path.dirname(target), { recursive: true });
  const building = `${target}-${process.pid}`;
  await run([go, "build", "-mod=readonly", "-trimpath", "-o", building, "."], {
    cwd: folder,
    timeoutSeconds: BUILD_SECONDS,
  });
  await rename(building, target);
  return undefined;
}

export class Load {
  readonly failures: LoadFailure[] = [];
  #sums: LoadSums | undefined;
  readonly #lookers = new Set<() => void>();
  readonly #ended: Promise<unknown>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly options: LoadOptions,
  ) {
    if (child.stdout === null) throw new Error("the load generator has no output");
    this.#ended = once(child, "close");
    createInterface(child.stdout).on("line", (text) => this.#read(JSON.parse(text) as Line));
  }

  /** Starts it where the command `enter` leads, e.g. `ip netns exec internet`. */
  static start(enter: Argv, options: LoadOptions): Load {
    const flags: Record<string, string | number | undefined> = {
      targets: options.targets.join(","),
      source: options.source,
      rate: options.newPerSecond,
      hold: options.held,
      short: options.short?.count,
      "short-life": options.short?.seconds,
      wait: options.waitSeconds,
      seconds: options.seconds,
    };
    const argv = Object.entries(flags).flatMap(([name, value]) =>
      value === undefined ? [] : [`-${name}=${value}`],
    );
    // Two threads are more than enough, and leave the machine to those who carry packets.
    const env = { ...process.env, GOMAXPROCS: "2" };
    const child = start([...enter, program(), ...argv], {
      stdio: ["pipe", "pipe", "inherit"],
      env,
    });
    return new Load(child, options);
  }

  #read(line: Line): void {
    if (line.sums !== undefined) this.#sums = line.sums;
    else if (line.kind === "new" || line.kind === "cut" || line.kind === "again") {
      const { kind, at, target = "", connection, error = "" } = line;
      this.failures.push({ kind, at, target, connection, reason: reasonOf(error) });
    }
    for (const look of this.#lookers) look();
  }

  /** As of the last second. */
  get sums(): LoadSums {
    const none = { new: 0, newFailed: 0, slow: 0, beats: 0, cut: 0, again: 0, held: 0, ended: 0 };
    return this.#sums ?? none;
  }

  /** Waits until all held connections work. */
  async steady(seconds = 20): Promise<void> {
    await this.until(
      "all are held",
      ({ held, ended }) => held + ended >= this.options.held,
      seconds,
    );
  }

  /** Waits for the new connections of so many seconds: what had begun before has ended by then. */
  async goesOn(seconds: number): Promise<void> {
    const more = this.sums.new + this.options.newPerSecond * seconds;
    await this.until(`${more} connections`, (sums) => sums.new >= more, seconds * 4 + 10);
  }

  /** Waits until the sums are as wanted; throws with what they are after a time. */
  until(what: string, is: (sums: LoadSums) => boolean, seconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (failure?: string) => {
        clearTimeout(timer);
        this.#lookers.delete(look);
        if (failure === undefined) resolve();
        else reject(new Error(`${failure}: ${what}\n${this.report().text}`));
      };
      const look = () => {
        if (this.#sums !== undefined && is(this.#sums)) end();
      };
      const timer = setTimeout(() => end(`not within ${seconds} s`), seconds * 1000);
      void this.#ended.then(() => end("the load ended first"));
      this.#lookers.add(look);
      look();
    });
  }

  /** Failures of a kind that began in a time, both ends in milliseconds since 1970. */
  failed(kind: FailureKind, from = 0, to = Number.POSITIVE_INFINITY): LoadFailure[] {
    return this.failures.filter((one) => one.kind === kind && one.at >= from && one.at < to);
  }

  /** The load's figures so far. */
  report(): LoadReport {
    return { sums: this.sums, failures: this.failures, text: textOf(this.sums, this.failures) };
  }

  /** Ends it; attempts under way count neither as successes nor as failures. */
  async stop(): Promise<LoadReport> {
    this.child.stdin?.end();
    await this.#ended;
    return this.report();
  }
}

/** The fate of an attempt, in the words of a person. Pure. */
export function reasonOf(error: string): string {
  const known: [RegExp, string][] = [
    [
      /dial tcp.*(i\/o timeout|deadline exceeded)|Client\.Timeout.*dial|dial.*Client\.Timeout/,
      "no answer to the SYN",
    ],
    [/refused/, "refused"],
    [/reset by peer/, "reset"],
    [/Timeout exceeded|deadline exceeded/, "no answer"],
    [/EOF/, "closed by the other end"],
    [/no route|unreachable/, "unreachable"],
  ];
  return known.find(([form]) => form.test(error))?.[1] ?? error;
}

/** Failures without one for longer than this, in milliseconds, are two windows. */
const WINDOW_MS = 2000;

/** Sums in a line, then failures by kind and reason, each window of time in a line. Pure. */
export function textOf(sums: LoadSums, failures: readonly LoadFailure[]): string {
  const groups = new Map<string, number[]>();
  for (const { kind, reason, at } of failures) {
    const key = `${kind}: ${reason}`;
    groups.set(key, [...(groups.get(key) ?? []), at]);
  }
  const clock = (at = 0) => new Date(at).toISOString().slice(11, 23);
  return [
    `${sums.new} new connections, ${sums.newFailed} failed, ${sums.slow} late; ${sums.held} held, ${sums.ended} ended, ${sums.cut} cut`,
    ...[...groups].flatMap(([key, times]) =>
      windowsOf(times).map(
        (window) =>
          `  ${key} ${window.length} times, ${clock(window[0])} to ${clock(window.at(-1))}`,
      ),
    ),
  ].join("\n");
}

function windowsOf(times: readonly number[]): number[][] {
  const windows: number[][] = [];
  for (const at of [...times].sort((a, b) => a - b)) {
    const last = windows.at(-1);
    if (last !== undefined && at - (last.at(-1) ?? 0) <= WINDOW_MS) last.push(at);
    else windows.push([at]);
  }
  return windows;
}
