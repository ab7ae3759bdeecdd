import { type DigestClient, DigestServer, type DigestServerOptions } from '../auth/index.ts';
import { decodeUser, type HeaderField, type SipRequest } from '../message/index.ts';
import type { Clock } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { CallerIdentity } from './incoming-call.ts';
import type { Registration } from './registration.ts';
import type { Trunk } from './trunk.ts';

export interface AdmissionOptions {
  readonly clock: Clock;
  /** Users and their passwords; without it nobody is challenged. */
  readonly users?: Omit<DigestServerOptions, 'clock'>;
  /** Those of the moment. */
  readonly trunks: () => ReadonlyMap<string, Trunk>;
  /** Our registrations at registrars of this address. */
  readonly registeredAt: (address: string) => readonly Pick<Registration, 'trunk' | 'user'>[];
  /** Whether strangers may call. */
  readonly anonymousCalls: boolean;
  /** Whether requests that name no user of ours stay unanswered (threat 18). */
  readonly silent: boolean;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly identity: CallerIdentity; readonly digest?: DigestClient }
  | { readonly kind: 'refused'; readonly status: number; readonly headers: readonly HeaderField[] }
  /** Say nothing. */
  | { readonly kind: 'ignored' };

/** Decides who may call or register: trunks by address, users and trunks by digest, strangers if configured. */
export class Admissions {
  readonly #options: AdmissionOptions;
  readonly #digest: DigestServer | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#digest = options.users && new DigestServer({ ...options.users, clock: options.clock });
  }

  admit(request: SipRequest, flow: Flow): Admission {
    const { address } = flow.remote;
    const { anonymousCalls } = this.#options;
    const trunks = this.#options.trunks();
    const isRegister = request.method === 'REGISTER';
    if (!isRegister) {
      for (const trunk of trunks.values()) if (trunk.owns(address)) return this.#admitTrunk(trunk);
      const trunk = this.#registrarOf(request, address);
      if (trunk) return this.#admitTrunk(trunk);
    }
    const credentials = request.headers.has('authorization');
    if (!credentials && anonymousCalls && !isRegister)
      return { kind: 'admitted', identity: { kind: 'anonymous' } };
    if (!this.#digest) return this.#refuse(request, 403);
    const verdict = this.#digest.verify(request, address);
    if (verdict.ok) {
      const { username } = verdict;
      for (const trunk of trunks.values()) if (trunk.username === username) return this.#admitTrunk(trunk);
      return { kind: 'admitted', identity: { kind: 'user', username } };
    }
    if (!verdict.challenge) return this.#refuse(request, 403);
    return this.#refuse(request, 401, this.#digest.challenge(verdict.stale));
  }

  /**
   * The trunk whose registrar, where we are registered, a call comes from. Phones of ours may share its address, so callers that name one
   * or send credentials are challenged as usual, unless the call is for the name that we registered.
   */
  #registrarOf(request: SipRequest, address: string): Trunk | undefined {
    const { users, trunks, registeredAt } = this.#options;
    const dialled = decodeUser(request.uri);
    const isPhone =
      request.headers.has('authorization') || users?.lookup(decodeUser(request.from.uri)) !== undefined;
    for (const { trunk, user } of registeredAt(address))
      if (trunk !== undefined && (!isPhone || user === dialled)) return trunks().get(trunk);
    return undefined;
  }

  #admitTrunk(trunk: Trunk): Admission {
    return { kind: 'admitted', identity: { kind: 'trunk', trunkId: trunk.id }, digest: trunk.digest() };
  }

  #refuse(request: SipRequest, status: number, headers: readonly HeaderField[] = []): Admission {
    const { silent, users } = this.#options;
    const isKnown = users?.lookup(decodeUser(request.from.uri)) !== undefined;
    return silent && !isKnown ? { kind: 'ignored' } : { kind: 'refused', status, headers };
  }
}
