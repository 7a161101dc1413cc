/** Ctrl-C, and a request to end, while something is half done. */

/** Exit codes that shells expect of a program ended by these signals. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Does a piece of work; on a signal it runs `undo` instead of going on, and the process ends when
 * that is done. A second signal does not cut the undoing short.
 */
export async function interruptible<T>(
  work: () => Promise<T>,
  undo: () => Promise<void>,
): Promise<T> {
  const signals = Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[];
  let interrupted = false;
  const onSignal = (signal: keyof typeof EXIT_CODES) => {
    if (interrupted) return;
    interrupted = true;
    undo()
      .catch((cause: unknown) => console.error(String(cause)))
      .finally(() => process.exit(EXIT_CODES[signal]));
  };
  for (const signal of signals) process.on(signal, onSignal);
  // The result of the work after a signal is of no interest: the process ends from above.
  const never = new Promise<never>(() => undefined);
  try {
    const result = await work();
    return interrupted ? await never : result;
  } catch (error) {
    if (interrupted) return await never;
    throw error;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}
