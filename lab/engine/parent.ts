/** How often a plugin looks whether its engine still lives, in milliseconds. */
const LOOK_MS = 1000;

/**
 * Ends this process once the one that started it is gone: an engine that is killed cannot end its
 * plugins itself. Call it first thing in a plugin; `last` runs before the end.
 */
export function endWithParent(last: () => void = () => undefined): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid === parent) return;
    last();
    process.exit(0);
  }, LOOK_MS).unref();
}
