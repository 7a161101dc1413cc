/** Steps that take everything down again, however a piece of work ends. */

import { interruptible } from "./interrupt";

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
 * Does a piece of work and then runs its steps back: also after an error, and on a signal, which
 * then ends the process.
 */
export async function withUndo<T>(work: (undo: Undo) => Promise<T>): Promise<T> {
  const undo = new Undo();
  try {
    return await interruptible(
      () => work(undo),
      () => undo.run(),
    );
  } finally {
    await undo.run();
  }
}
