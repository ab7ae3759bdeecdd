import type { TelephonyConfig } from '../../contract/index.ts';
import { type OutgoingTarget, transferRoute } from '../dial/index.ts';
import { type Call, type CallEnd, formatUri, type HeaderField } from '../sip/index.ts';

/** The next target of a call that was forwarded. */
export interface ForwardedTo {
  readonly dialled: string;
  readonly route: OutgoingTarget;
  readonly headers: readonly HeaderField[];
}

/** Maximum number of times that a call is forwarded. */
const MAX_FORWARDS = 5;

/**
 * Follows the answers 300, 301 and 302 of called phones: only to where each of them may transfer, at most five times, and never to a target
 * that was already called (threat 19). The diversions are passed on (RFC 5806).
 */
export class Forwarding {
  readonly #config: TelephonyConfig;
  readonly #called = new Set<string>();
  #diversions: readonly string[] = [];

  constructor(config: TelephonyConfig, first: OutgoingTarget) {
    this.#config = config;
    this.#called.add(keyOf(first));
  }

  /** The next target; undefined if the call was not forwarded, or not to where it may go. */
  next({ identity, remote }: Pick<Call, 'identity' | 'remote'>, end: CallEnd): ForwardedTo | undefined {
    const { redirection } = end;
    if (!redirection || this.#called.size > MAX_FORWARDS) {
      return undefined;
    }
    for (const contact of redirection.contacts) {
      const found = transferRoute(this.#config, identity, formatUri(contact));
      if (found.type !== 'call' || this.#called.has(keyOf(found.route))) {
        continue;
      }
      const { dialled, route } = found;
      this.#called.add(keyOf(route));
      const own = `<${formatUri(remote.uri)}>;reason=unknown;counter=1`;
      const latest = redirection.diversions.length > 0 ? redirection.diversions : [own];
      this.#diversions = [...latest, ...this.#diversions].slice(0, 2 * MAX_FORWARDS);
      return { dialled, route, headers: this.#diversions.map((value) => ['diversion', value]) };
    }
    return undefined;
  }
}

function keyOf({ trunk, number }: OutgoingTarget): string {
  return `${trunk ?? ''} ${number}`;
}
