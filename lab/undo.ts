/** What must be taken down again, however a piece of work ends. */

type Step = () => Promise<void>;

/** Steps back: last built, first removed. */
export class Undo {
  readonly #steps: { what: string; step: Step }[] = [];

  /** Call it as soon as the thing exists, before the next command that can fail. */
  add(what: string, step: Step): void {
    this.#steps.push({ what, step });
  }

  /** Runs every step even when some fail, then reports those; a second call finds nothing to do. */
  async run(): Promise<void> {
    const failed: Error[] = [];
    for (let top = this.#steps.pop(); top !== undefined; top = this.#steps.pop()) {
      const { what, step } = top;
      await step().catch((cause: unknown) => failed.push(new Error(`undo ${what}`, { cause })));
    }
    if (failed.length > 0) throw new AggregateError(failed, failed.map(String).join("; "));
  }
}

/**
 * Does a piece of work and then runs its steps back: also after an error, and on Ctrl-C or a
 * request to end, after which the process ends with the exit code that shells expect of it.
 */
export async function withUndo<T>(work: (undo: Undo) => Promise<T>): Promise<T> {
  const undo = new Undo();
  const interrupted = (signal: NodeJS.Signals) => {
    void undo
      .run()
      .catch((cause: unknown) => console.error(String(cause)))
      .finally(() => process.exit(signal === "SIGINT" ? 130 : 143));
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    return await work(undo);
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await undo.run();
  }
}
