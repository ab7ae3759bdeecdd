import type { DigestServerOptions } from '../auth/index.ts';
import type { HeaderField } from '../message/index.ts';
import type { Clock, TimerValues } from '../transaction/index.ts';
import type { TransportOptions } from '../transport/index.ts';
import type { FailedLogin } from './admissions.ts';
import type { IncomingCall } from './incoming-call.ts';
import type { Answerer } from './outgoing-call.ts';
import type { RegistrarOptions } from './registrar.ts';
import type { DnsLookups } from './resolve-targets.ts';
import type { TrunkOptions } from './trunk.ts';
import type { ContactState } from './trunk-monitor.ts';

export interface SipStackOptions extends TransportOptions {
  /** Our domain: the host of our own addresses, and of registered users. Default: the first listener's address. */
  readonly domain?: string;
  /** Name in User-Agent and Server. Default `Canopy`. */
  readonly userAgent?: string;
  /** Users who may register and call, with their realm and passwords. Default: none. */
  readonly users?: Omit<DigestServerOptions, 'clock'>;
  readonly registrar?: RegistrarOptions;
  readonly trunks?: readonly TrunkOptions[];
  /** Allows calls without authentication. Default false. */
  readonly anonymousCalls?: boolean;
  /**
   * Ignores requests of strangers instead of refusing them: of sources that are no trunk, have not recently logged in and name none of our
   * users. Default false.
   */
  readonly silent?: boolean;
  /**
   * Maximum new calls per second from one source (an IPv4 address or an IPv6 /64) that is a trunk or has recently logged in, with bursts of
   * twice as many. Any other source may make a fifth of that, and all of these together the full rate. More get 503. Default 50.
   */
  readonly callsPerSecond?: number;
  /** Maximum other requests outside dialogs per second from one source; more are dropped. Default 50. */
  readonly requestsPerSecond?: number;
  /** Maximum number of concurrent calls; more get 503. Default 500. */
  readonly maxCalls?: number;
  /** Maximum number of concurrent calls from one user; more get 486. Default 4. */
  readonly maxCallsPerUser?: number;
  readonly clock?: Clock;
  readonly timers?: TimerValues;
  readonly random?: () => number;
  /** Default: the system's name servers. */
  readonly dns?: DnsLookups;
}

export interface InviteOptions {
  /** Our offer. Default: the callee makes the offer, and `answer` answers it. */
  readonly sdp?: string;
  readonly answer?: Answerer;
  /** The caller shown to the callee. Default: user `canopy`, no name. `withheld`: the callee must not learn who calls. */
  readonly from?: { readonly user?: string; readonly displayName?: string; readonly withheld?: boolean };
  readonly headers?: readonly HeaderField[];
  /** User part of our Contact, unescaped. Default: that of From. */
  readonly contactUser?: string;
  /** Maximum ringing time, in seconds. Default 120. */
  readonly ringSeconds?: number;
}

export interface SipStackEvents {
  /** An incoming call of an admitted caller. It is refused with 480 if there is no listener, with 488 if one throws SdpError. */
  invite: [IncomingCall];
  /** The bindings of a user changed. */
  registration: [{ readonly user: string; readonly bindings: number }];
  /** A request was refused before it became a call. For logs and metrics. */
  refused: [{ readonly method: string; readonly status: number; readonly address: string }];
  /** A contact of a trunk answers, or no longer does. */
  contact: [ContactState];
  malformed: [{ readonly reason: string; readonly address: string }];
  /** A wrong password, or any password while the user or the source is locked out. */
  failedLogin: [FailedLogin];
}
