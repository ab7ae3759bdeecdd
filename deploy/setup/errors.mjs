/** A set-up step that cannot continue. Its message tells the person who ran the command what is wrong and what to do. */
export class SetupError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}
