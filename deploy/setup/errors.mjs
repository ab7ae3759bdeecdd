/** A set-up step that cannot go on. Its message is one or more sentences for the person who ran the command: what is wrong and what to do. */
export class SetupError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}
