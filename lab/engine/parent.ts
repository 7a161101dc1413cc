/** How often a process looks whether the one that started it still lives, in milliseconds. */
const LOOK_MS = 1000;

/** Does a piece of work once, when the process that started this one is gone. */
export function whenOrphaned(work: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    work();
  }, LOOK_MS).unref();
}

/**
 * Ends this process once the one that started it is gone: an engine that is killed cannot end its
 * plugins itself. Call it first thing in a plugin; `last` runs before the end.
 */
export function endWithParent(last: () => void = () => undefined): void {
  whenOrphaned(() => {
    last();
    process.exit(0);
  });
}
