/** The newest version that this device has seen of everything that people can change, so that the server cannot go back to an earlier one. */
export class NewestVersions {
  /** By what it is; with the lowest revision of the chat in which it was seen. */
  readonly #newest = new Map<string, { version: number; rev: number }>();

  /** Undefined: none has been seen. */
  get(of: string): number | undefined {
    return this.#newest.get(of)?.version;
  }

  /**
   * Records a version. `outdated`: somebody has made a newer one since the server was asked; `taken back`: the server has gone back to it.
   *
   * @param rev the revision of the chat in which the server had it
   */
  see(of: string, version: number, rev: number): 'newest' | 'outdated' | 'taken back' {
    const newest = this.#newest.get(of);
    if (newest && version < newest.version) {
      return rev < newest.rev ? 'outdated' : 'taken back';
    }
    const first = newest?.version === version ? Math.min(newest.rev, rev) : rev;
    this.#newest.set(of, { version, rev: first });
    return 'newest';
  }
}
