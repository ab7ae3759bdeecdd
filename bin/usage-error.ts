/** An error that the user can fix, such as a mistake on the command line; its message explains it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
