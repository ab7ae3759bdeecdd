/** What whoever runs the command can mend, such as a mistake on the command line, in words for them. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
