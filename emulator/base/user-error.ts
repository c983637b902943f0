/** The user did it: `message` says what is wrong, `hint` what to do. The command line prints both lines and exits 125. */
export class UserError extends Error {
  constructor(
    what: string,
    readonly hint: string,
  ) {
    super(what);
    this.name = 'UserError';
  }
}
