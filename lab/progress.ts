/** One line for each long step, so that nobody has to guess whether something still happens. */

/** Where lines go; `columns` is known for a terminal only. */
export interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Says in one line what goes on inside the current step. */
export type Note = (text: string) => void;

/** Steps that end before this many milliseconds leave no line on a plain screen. */
const QUIET_MS = 500;
/** A terminal's line is drawn anew this often, in milliseconds. */
const REDRAW_MS = 200;
/** Where nothing can be drawn anew, a step shows this often that it lives, in milliseconds. */
const ALIVE_MS = 20_000;

export class Progress {
  readonly #screen: Screen;
  #label: string | undefined;
  #note = "";

  /** Without a screen it writes to standard error: standard output is for results. */
  constructor(screen: Screen = process.stderr) {
    this.#screen = screen;
  }

  /** A line of its own, above the running step. */
  say(line: string): void {
    if (this.#screen.isTTY && this.#label !== undefined) this.#screen.write("\r\x1b[K");
    this.#screen.write(`${line}\n`);
  }

  /** Does a piece of work under a name; ends with the seconds it took. Steps do not nest. */
  async step<T>(label: string, work: (note: Note) => Promise<T>): Promise<T> {
    const begun = Date.now();
    this.#label = label;
    this.#note = "";
    const timer = this.#screen.isTTY
      ? setInterval(() => this.#draw(begun), REDRAW_MS)
      : setInterval(() => this.#tick(begun), ALIVE_MS);
    const early = this.#screen.isTTY ? undefined : setTimeout(() => this.#tick(begun), QUIET_MS);
    const stop = () => {
      clearInterval(timer);
      clearTimeout(early);
      if (this.#screen.isTTY) this.#screen.write("\r\x1b[K");
      this.#label = undefined;
    };
    try {
      const result = await work((text) => {
        this.#note = text;
      });
      stop();
      if (this.#screen.isTTY || Date.now() - begun >= QUIET_MS) {
        this.#screen.write(`${label}: ${seconds(begun)}\n`);
      }
      return result;
    } catch (error) {
      stop();
      this.#screen.write(`${label}: failed after ${seconds(begun)}\n`);
      throw error;
    }
  }

  #text(begun: number): string {
    return `${this.#label} … ${seconds(begun)}${this.#note === "" ? "" : `  ${this.#note}`}`;
  }

  #draw(begun: number): void {
    const line = this.#text(begun).slice(0, (this.#screen.columns ?? 80) - 1);
    this.#screen.write(`\r\x1b[K${line}`);
  }

  #tick(begun: number): void {
    this.#screen.write(
      Date.now() - begun < ALIVE_MS ? `${this.#label} …\n` : `${this.#text(begun)}\n`,
    );
  }
}

function seconds(begun: number): string {
  return `${((Date.now() - begun) / 1000).toFixed(1)} s`;
}
