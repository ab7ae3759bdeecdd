import type { TelephonyConfig } from '../../contract/index.ts';
import { hostOf, type OutgoingTarget, transferRoute } from '../dial/index.ts';
import { type Call, type CallEnd, encodeUser, formatUri, type HeaderField } from '../sip/index.ts';
import { type Diversion, diversionFields } from './diversions.ts';

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
  #diversions: readonly Diversion[] = [];

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
      const trunk = this.#config.trunks.find(({ name }) => name === route.trunk);
      // A trunk does not know our phones, so the number that it has given us stands for them.
      const number = identity.kind === 'user' ? (trunk?.identity?.number ?? trunk?.callerId) : undefined;
      const uri =
        trunk && number !== undefined
          ? `sip:${encodeUser(number)}@${trunk.domain ?? hostOf(trunk.uri)}`
          : formatUri(remote.uri);
      const told = redirection.diversions.map((value) => ({ uri: uriIn(value), value }));
      const latest: Diversion[] = told.length > 0 ? told : [{ uri }];
      this.#diversions = [...latest, ...this.#diversions].slice(0, 2 * MAX_FORWARDS);
      const called = 'number' in route.target ? route.target.number : route.number;
      const target = `sip:${encodeUser(called)}@${trunk ? hostOf(trunk.uri) : hostIn(uri)}`;
      const form = trunk?.identity?.forwarded ?? 'Diversion';
      return { dialled, route, headers: diversionFields(this.#diversions, target, form) };
    }
    return undefined;
  }
}

/** The URI in a Diversion value that has been checked. */
function uriIn(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? value;
}

function hostIn(uri: string): string {
  return /@([^;?]*)/.exec(uri)?.[1] ?? 'localhost';
}

function keyOf({ trunk, number }: OutgoingTarget): string {
  return `${trunk ?? ''} ${number}`;
}
