import { type DigestClient, DigestServer, type DigestServerOptions, type LockScope } from '../auth/index.ts';
import { decodeUser, type HeaderField, type SipRequest } from '../message/index.ts';
import type { Clock } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { Registration } from './registration.ts';
import type { Trunk } from './trunk.ts';

export interface FailedLogin {
  /** From the request: untrusted text. */
  readonly username: string;
  readonly address: string;
  /** Set if this failure caused a lockout: of what. */
  readonly lockedNow?: LockScope;
}

export interface AdmissionOptions {
  readonly clock: Clock;
  /** Users and their passwords. Default: nobody is challenged. */
  readonly users?: Omit<DigestServerOptions, 'clock'>;
  /** The current trunks. */
  readonly trunks: () => ReadonlyMap<string, Trunk>;
  /** Our registrations at registrars with this address. */
  readonly registeredAt: (address: string) => readonly Pick<Registration, 'trunk' | 'user'>[];
  /** Whether strangers may call. */
  readonly anonymousCalls: boolean;
  readonly onFailedLogin: (login: FailedLogin) => void;
}

/** The identity of a caller, determined before the call is emitted. */
export type CallerIdentity =
  | { readonly kind: 'user'; readonly username: string }
  | { readonly kind: 'trunk'; readonly trunkId: string }
  | { readonly kind: 'anonymous' };

/** A caller who may call. */
export interface Admitted {
  readonly kind: 'admitted';
  readonly identity: CallerIdentity;
  /** Answers the trunk's challenges. */
  readonly digest?: DigestClient;
  /** Whether the source has proved that it receives our packets; a UDP source address may be forged (threat 52). */
  readonly hasReturnPath: boolean;
}

export type Admission =
  | Admitted
  | { readonly kind: 'refused'; readonly status: number; readonly headers: readonly HeaderField[] };

/** Decides who may call or register: trunks by address, users and trunks by digest, anybody if configured. */
export class Admissions {
  readonly #options: AdmissionOptions;
  readonly #digest: DigestServer | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#digest = options.users && new DigestServer({ ...options.users, clock: options.clock });
  }

  admit(request: SipRequest, flow: Flow): Admission {
    const { address } = flow.remote;
    const isRegister = request.method === 'REGISTER';
    const trunk = isRegister ? undefined : this.#trunkOf(request, address);
    if (trunk) {
      return admitted(trunk, flow.reliable);
    }
    const credentials = request.headers.has('authorization');
    if (!credentials && this.#options.anonymousCalls && !isRegister) {
      return { kind: 'admitted', identity: { kind: 'anonymous' }, hasReturnPath: flow.reliable };
    }
    if (!this.#digest) {
      return { kind: 'refused', status: 403, headers: [] };
    }
    const verdict = this.#digest.verify(request, flow.remote);
    if (verdict.ok) {
      const { username } = verdict;
      for (const each of this.#options.trunks().values()) {
        if (each.username === username) {
          return admitted(each, true);
        }
      }
      return { kind: 'admitted', identity: { kind: 'user', username }, hasReturnPath: true };
    }
    if (verdict.challenge) {
      const headers = this.#digest.challenge(address, verdict.stale);
      return { kind: 'refused', status: 401, headers };
    }
    const { username, lockedNow } = verdict;
    this.#options.onFailedLogin({ username, address, ...(lockedNow && { lockedNow }) });
    return { kind: 'refused', status: 403, headers: [] };
  }

  /** Whether this address belongs to a trunk, or someone has recently logged in from there. */
  knows(address: string): boolean {
    return this.#trunksAt(address).length > 0 || this.#digest?.knows(address) === true;
  }

  /** Counts as a login of this user now: it was logged in before a restart. */
  remember(user: string, { remote }: Flow, isDirect: boolean): void {
    this.#digest?.remember(user, { address: remote.address, port: isDirect ? remote.port : undefined });
  }

  /** Whether a request comes from an unknown address and names none of our users in From. */
  isStranger(request: SipRequest, { remote }: Flow): boolean {
    const named = this.#options.users?.lookup(decodeUser(request.from.uri));
    return named === undefined && !this.knows(remote.address);
  }

  /**
   * The trunk that a call comes from: one that lists the address, or one whose registrar has it while we are registered there. With
   * several trunks at one provider, the called user decides. Phones of ours may share a registrar's address, so callers that name one of
   * our users or send credentials are challenged as usual, unless the call is for the user that we registered.
   */
  #trunkOf(request: SipRequest, address: string): Trunk | undefined {
    const { users, trunks, registeredAt } = this.#options;
    const called = decodeUser(request.uri);
    const here = registeredAt(address);
    const named = here.find(({ user }) => user === called)?.trunk;
    const owning = [...trunks().values()].filter((trunk) => trunk.owns(address));
    const isPhone =
      request.headers.has('authorization') || users?.lookup(decodeUser(request.from.uri)) !== undefined;
    const candidates =
      owning.length > 0 || (isPhone && named === undefined) ? owning : this.#trunksAt(address);
    return candidates.find(({ id }) => id === named) ?? candidates[0];
  }

  /** Trunks that list this address, or that we are registered with at this address. */
  #trunksAt(address: string): Trunk[] {
    const here = new Set(this.#options.registeredAt(address).map(({ trunk }) => trunk));
    return [...this.#options.trunks().values()].filter((trunk) => trunk.owns(address) || here.has(trunk.id));
  }
}

function admitted(trunk: Trunk, hasReturnPath: boolean): Admitted {
  const identity = { kind: 'trunk', trunkId: trunk.id } as const;
  return { kind: 'admitted', identity, digest: trunk.digest(), hasReturnPath };
}
