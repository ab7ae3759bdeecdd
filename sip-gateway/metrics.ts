import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CallRecord, TrunkContact, TrunkRegistration } from '../contract/index.ts';
import { addCounts, type LegStats, NO_FRAMES, type PoolStats, type SendFailures } from './media/index.ts';
import type { CallEnd } from './sip/index.ts';
import type { TrunkRefusalReason } from './trunks/index.ts';

type Direction = 'incoming' | 'outgoing';

/** Why a call ended, for the history and the metrics. */
export type EndCause =
  | CallEnd['cause']
  /** A moderator removed the phone from its room. */
  | 'kicked'
  | 'wrong-pin'
  /** The phone was transferred: another call has taken its place, or it has gone elsewhere. */
  | 'transferred'
  /** The phone sent no media although it should. */
  | 'silent'
  /** The number may not be called: an emergency number, or one that the trunk bars, now or always. */
  | 'barred'
  /** A limit of the trunk is reached. */
  | 'limit'
  /** The connection to the room was lost. */
  | 'lost'
  /** An error on our side. */
  | 'failed';

/**
 * Kinds of transfers: to a number (`blind`), to a party that the phone is talking to (`attended`), into another room (`room`), another
 * phone takes over a call (`replaced`), an application transfers a phone (`sent`), or the called phone forwards (`forwarded`).
 */
export type TransferKind = 'blind' | 'attended' | 'room' | 'replaced' | 'sent' | 'forwarded';
export type TransferResult = 'succeeded' | 'failed' | 'refused';

/** A stage of call setup, timed from the start of the call. */
export type CallStage = 'ringing' | 'room' | 'answered' | 'media';

/** Values that are read at each scrape. */
export interface MetricsSources {
  /** Codecs of answered calls. */
  codecs(): Array<string | null>;
  /** Encryption of answered calls. */
  encryptions(): Array<CallRecord['encryption']>;
  /** Number of unanswered calls. */
  ringing(): number;
  registeredPhones(): number;
  /** State of each next hop of trunks that are asked whether they are there. */
  trunkContacts(): TrunkContact['state'][];
  /** State of each trunk registration. */
  trunkStates(): TrunkRegistration['state'][];
  sip(): { calls: number; dialogs: number; transactions: number; connections: number };
  media(): Promise<PoolStats>;
}

const SETUP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const DURATION_SECONDS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200];
const JITTER_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2];
const LOSS_RATIO = [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const MOS = [1, 1.5, 2, 2.5, 3, 3.25, 3.5, 3.75, 4, 4.25, 4.5];
const TRUNK_STATES: ReadonlyArray<TrunkRegistration['state']> = ['registering', 'registered', 'failed'];
const CONTACT_STATES: ReadonlyArray<TrunkContact['state']> = ['unknown', 'up', 'down'];
const ENCRYPTIONS = ['none', 'sdes', 'dtls'];
const CODECS = [
  ...['PCMU', 'PCMA', 'G722', 'GSM', 'opus', 'speex/8000', 'speex/16000', 'speex/32000'],
  ...['AMR-WB', 'AMR-WB/octet-align'],
];

/** Metrics of the gateway, in their own registry. Each label has a bounded set of values, never phone numbers or names. */
export class GatewayMetrics {
  readonly registry = new Registry();
  readonly #invites: Counter<'direction'>;
  readonly #accepted: Counter<'direction' | 'codec'>;
  readonly #failed: Counter<'direction' | 'cause' | 'code'>;
  readonly #refused: Counter<'method' | 'code'>;
  readonly #wrongPins: Counter;
  readonly #pinLockouts: Counter;
  readonly #failedLogins: Counter;
  readonly #loginLockouts: Counter<'scope'>;
  readonly #transfers: Counter<'kind' | 'result'>;
  readonly #trunkRefusals: Counter<'reason'>;
  readonly #stages: Histogram<'direction' | 'stage'>;
  readonly #durations: Histogram<'direction'>;
  readonly #jitter: Histogram;
  readonly #loss: Histogram;
  readonly #mos: Histogram;

  constructor() {
    const registers = [this.registry];
    const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Counter({ name: `canopy_sip_${name}_total`, help, labelNames, registers });
    const histogram = <L extends string>(name: string, help: string, buckets: number[], labelNames: L[]) =>
      new Histogram({ name: `canopy_sip_${name}`, help, buckets, labelNames, registers });
    this.#invites = counter('invites', 'Calls received from admitted callers, or placed', ['direction']);
    this.#accepted = counter('accepted', 'Answered calls', ['direction', 'codec']);
    this.#failed = counter('failed', 'Unanswered calls, by cause and SIP status (0: none)', [
      'direction',
      'cause',
      'code',
    ]);
    this.#refused = counter('refused', 'Requests refused before they became a call', ['method', 'code']);
    this.#wrongPins = counter('wrong_pins', 'Wrong PINs', []);
    this.#pinLockouts = counter('pin_lockouts', 'Callers refused after too many wrong PINs', []);
    this.#failedLogins = counter(
      'failed_logins',
      'Failed logins: wrong passwords, or attempts while locked out',
      [],
    );
    this.#loginLockouts = counter(
      'login_lockouts',
      'Lockouts after too many wrong passwords, of one user at one address or of a whole address',
      ['scope'],
    );
    this.#transfers = counter('transfers', 'Transfers of calls, by kind and result', ['kind', 'result']);
    this.#trunkRefusals = counter(
      'trunk_refusals',
      'Outgoing calls refused or ended by the limits of a trunk, and emergency numbers dialled by phones, by reason',
      ['reason'],
    );
    this.#stages = histogram(
      'setup_stage_seconds',
      'Time from the start of a call to each stage of its setup',
      SETUP_SECONDS,
      ['direction', 'stage'],
    );
    this.#durations = histogram('call_duration_seconds', 'Time from answer to end', DURATION_SECONDS, [
      'direction',
    ]);
    this.#jitter = histogram(
      'jitter_seconds',
      'Interarrival jitter of phones (RFC 3550), sampled',
      JITTER_SECONDS,
      [],
    );
    this.#loss = histogram('loss_ratio', 'Packet loss from phones as a share, sampled', LOSS_RATIO, []);
    this.#mos = histogram('mos', 'Estimated MOS of audio from phones, sampled, 1 to 4.5', MOS, []);
  }

  /** Adds the gauges. Call this once. */
  watch(sources: MetricsSources): void {
    const registers = [this.registry];
    const read = (
      name: string,
      help: string,
      labelNames: string[],
      set: (gauge: Gauge) => void | Promise<void>,
    ) =>
      new Gauge({
        name: `canopy_sip_${name}`,
        help,
        labelNames,
        registers,
        async collect() {
          await set(this);
        },
      });
    read('active_calls', 'Active calls, by codec', ['codec'], (gauge) => {
      const codecs = sources.codecs();
      for (const codec of CODECS) {
        gauge.set({ codec }, codecs.filter((each) => each === codec).length);
      }
    });
    read('calls', 'Active calls, by encryption of their audio', ['encryption'], (gauge) => {
      const encryptions = sources.encryptions();
      for (const encryption of ENCRYPTIONS) {
        gauge.set({ encryption }, encryptions.filter((each) => each === encryption).length);
      }
    });
    read('ringing_calls', 'Calls that are ringing', [], (gauge) => gauge.set(sources.ringing()));
    read('registered_phones', 'Registered phones', [], (gauge) => gauge.set(sources.registeredPhones()));
    read('trunk_registrations', 'Trunk registrations, by state', ['state'], (gauge) => {
      const states = sources.trunkStates();
      for (const state of TRUNK_STATES) {
        gauge.set({ state }, states.filter((each) => each === state).length);
      }
    });
    read('trunk_contacts', 'Next hops of trunks with pingSeconds, by state', ['state'], (gauge) => {
      const states = sources.trunkContacts();
      for (const state of CONTACT_STATES) {
        gauge.set({ state }, states.filter((each) => each === state).length);
      }
    });
    read('objects', 'Live objects by kind; all are 0 when nobody calls', ['kind'], async (gauge) => {
      const { legs, rooms } = await sources.media();
      for (const [kind, count] of Object.entries({ ...sources.sip(), legs, rooms })) {
        gauge.set({ kind }, count);
      }
    });
    read(
      'encrypted_frames',
      'Frames of end-to-end encrypted rooms since the media threads started: `encrypted`, `decrypted`, or dropped, by reason',
      ['outcome'],
      async (gauge) => {
        const { threads } = await sources.media();
        const { encrypted, decrypted, refused } = threads
          .map(({ encryption }) => encryption)
          .reduce(addCounts, NO_FRAMES);
        for (const [outcome, count] of Object.entries({ encrypted, decrypted, ...refused })) {
          gauge.set({ outcome }, count);
        }
      },
    );
    read(
      'unsent_packets',
      'Packets to phones and rooms that the operating system refused, by reason, since the media threads started',
      ['reason'],
      async (gauge) => {
        for (const [reason, count] of Object.entries(await unsent(sources))) {
          gauge.set({ reason }, count);
        }
      },
    );
  }

  invited(direction: Direction): void {
    this.#invites.inc({ direction });
  }

  answered(direction: Direction, codec: string | null): void {
    this.#accepted.inc({ direction, codec: codec ?? 'none' });
  }

  failed(direction: Direction, cause: EndCause, status = 0): void {
    this.#failed.inc({ direction, cause, code: codeLabel(status) });
  }

  refused(method: string, status: number): void {
    this.#refused.inc({ method: METHODS.has(method) ? method : 'other', code: codeLabel(status) });
  }

  wrongPin(): void {
    this.#wrongPins.inc();
  }

  pinLockout(): void {
    this.#pinLockouts.inc();
  }

  failedLogin(lockedNow?: 'user' | 'source'): void {
    this.#failedLogins.inc();
    if (lockedNow) {
      this.#loginLockouts.inc({ scope: lockedNow });
    }
  }

  transferred(kind: TransferKind, result: TransferResult): void {
    this.#transfers.inc({ kind, result });
  }

  trunkRefused(reason: TrunkRefusalReason): void {
    this.#trunkRefusals.inc({ reason });
  }

  stage(direction: Direction, stage: CallStage, seconds: number): void {
    this.#stages.observe({ direction, stage }, seconds);
  }

  /** Observes the statistics of a call. */
  measured({ jitterMs, lossFraction, mos, packetsReceived }: LegStats): void {
    if (packetsReceived === 0) {
      return;
    }
    this.#jitter.observe(jitterMs / 1000);
    this.#loss.observe(lossFraction);
    this.#mos.observe(mos);
  }

  ended(direction: Direction, seconds: number, stats: LegStats | null | undefined): void {
    this.#durations.observe({ direction }, seconds);
    if (stats) {
      this.measured(stats);
    }
  }
}

async function unsent({ media }: MetricsSources): Promise<SendFailures> {
  const sum: SendFailures = {
    wouldBlock: 0,
    noBuffers: 0,
    refused: 0,
    unreachable: 0,
    other: 0,
    queueFull: 0,
  };
  for (const { network } of (await media()).threads) {
    for (const [reason, count] of Object.entries(network.failed ?? {})) {
      sum[reason as keyof SendFailures] += count;
    }
  }
  return sum;
}

const METHODS = new Set([
  'INVITE',
  'REGISTER',
  'OPTIONS',
  'BYE',
  'CANCEL',
  'INFO',
  'UPDATE',
  'PRACK',
  'REFER',
  'SUBSCRIBE',
]);

/** Label of a SIP status. Peers may send any number, and labels need a bounded set of values (threat 23). */
function codeLabel(status: number): string {
  return status === 0 || (status >= 100 && status <= 699) ? String(status) : 'other';
}
