/** An error that a person can put right: shown as its text alone, without a stack. */
export class UserError extends Error {
  constructor(
    message: string,
    /** Exit code of the command; default 1. */
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = "UserError";
  }
}
