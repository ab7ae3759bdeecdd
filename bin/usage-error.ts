/** An error the user of the command can fix, such as a mistake on the command line, explained for them. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
