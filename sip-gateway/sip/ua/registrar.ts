import {
  buildResponse,
  decodeUser,
  formatUri,
  type HeaderField,
  legible,
  type NameAddr,
  parseSeconds,
  parseUri,
  registerContacts,
  SipParseError,
  type SipRequest,
  type SipResponse,
  sameUri,
  type Uri,
} from '../message/index.ts';
import { newTag } from '../tokens.ts';
import type { Clock } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import { type Binding, type BindingStore, MemoryBindings } from './bindings.ts';
import { Gruus, type PhoneInstance } from './gruu.ts';
import { hasOptionTag, REGISTRAR_EXTENSIONS } from './option-tags.ts';
import { firstHopKeepsFlows, flowTimerOf, MISSED_KEEP_ALIVES, pathOf, regIdOf } from './outbound.ts';

export interface RegistrarOptions {
  /** Minimum expiry of a binding, in seconds; less gets 423. Default 60. */
  minSeconds?: number;
  /** Maximum expiry, in seconds; more is reduced. Default 3,600. */
  maxSeconds?: number;
  /** Expiry if a REGISTER requests none, in seconds. Default 600. */
  defaultSeconds?: number;
  /** Maximum number of bindings per user. Default 10. */
  maxBindings?: number;
  store?: BindingStore;
  /** Key of temporary GRUUs, 32 bytes. With the same key, a later process knows them. Default: a random one. */
  gruuKey?: Buffer;
}

/** A phone in a call, tracked as it re-registers. */
export interface FollowedPhone {
  /** The flow and time of its latest registration, on the stack's clock, in milliseconds. */
  newest(): { readonly flow: Flow; readonly atMs: number };
  /** How a later process knows it again. */
  save(): PhoneMarks;
}

/** What a phone keeps when it registers again: one of these. */
export interface PhoneMarks {
  readonly contact: string;
  readonly callId: string;
  readonly instance: string | undefined;
}

interface NewBinding {
  readonly contact: NameAddr;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly seconds: number;
  readonly regId: number | undefined;
  readonly path: readonly string[];
}

/** Refuses a REGISTER with this status. */
class Refusal extends Error {
  readonly status: number;
  readonly headers: readonly HeaderField[];

  constructor(status: number, headers: readonly HeaderField[] = []) {
    super();
    this.status = status;
    this.headers = headers;
  }
}

/** The registrar (RFC 3261 §10.3). The stack authenticates requests first. */
export class Registrar {
  readonly #clock: Clock;
  readonly #store: BindingStore;
  readonly #limits: Required<Omit<RegistrarOptions, 'store' | 'gruuKey'>>;
  readonly #gruus: Gruus;

  constructor(clock: Clock, options: RegistrarOptions = {}) {
    this.#clock = clock;
    this.#store = options.store ?? new MemoryBindings();
    this.#gruus = new Gruus(options.gruuKey);
    const { minSeconds = 60, maxSeconds = 3600, defaultSeconds = 600, maxBindings = 10 } = options;
    this.#limits = { minSeconds, maxSeconds, defaultSeconds, maxBindings };
  }

  /** A user's current bindings, best first. */
  lookup(user: string): readonly Binding[] {
    const now = this.#clock.now();
    return this.#store
      .get(user)
      .filter((binding) => binding.expiresAt > now && (binding.flow.open || !binding.flow.reliable))
      .sort((a, b) => b.q - a.q || b.expiresAt - a.expiresAt);
  }

  /**
   * Tracks the phone of a binding as it re-registers, by its Contact, instance (RFC 5626) or Call-ID (RFC 3261 §10.2.4). When its
   * registration ends, the last flow is kept.
   */
  follow(user: string, binding: Binding): FollowedPhone {
    let last = binding;
    return {
      newest: () => {
        for (const other of this.lookup(user)) {
          if (other.registeredAt > last.registeredAt && isSamePhone(other, last)) {
            last = other;
          }
        }
        return { flow: last.flow, atMs: last.registeredAt };
      },
      save: () => ({
        contact: formatUri(last.contact),
        callId: last.callId,
        instance: last.instance,
      }),
    };
  }

  /** Tracks a phone that an earlier process has tracked. `flow`: where it was. @throws {SipParseError} the Contact is malformed */
  followAgain(user: string, { contact, callId, instance }: PhoneMarks, flow: Flow): FollowedPhone {
    return this.follow(user, {
      contact: parseUri(contact),
      callId,
      instance,
      flow,
      sequence: 0,
      registeredAt: Number.NEGATIVE_INFINITY,
      regId: undefined,
      path: [],
      expiresAt: 0,
      q: 1,
      userAgent: '',
    });
  }

  /** The phone that a GRUU of ours leads to (RFC 5627); undefined for anything else. */
  phoneNamed(dialled: string): PhoneInstance | undefined {
    try {
      return this.#phoneOf(parseUri(dialled));
    } catch (error) {
      if (error instanceof SipParseError) {
        return undefined;
      }
      throw error;
    }
  }

  /** The registered phone that sent a request: the one with the same Contact or GRUU, or else on the same flow. */
  phoneAt(user: string, contact: Uri, flow: Flow): FollowedPhone | undefined {
    const bindings = this.lookup(user);
    const named = this.#phoneOf(contact);
    const binding =
      bindings.find(({ instance }) => instance !== undefined && instance === named?.instance) ??
      bindings.find((each) => sameUri(each.contact, contact)) ??
      bindings.find(
        ({ flow: { protocol, remote } }) =>
          protocol === flow.protocol &&
          remote.address === flow.remote.address &&
          remote.port === flow.remote.port,
      );
    return binding && this.follow(user, binding);
  }

  /** Users with a binding. */
  users(): readonly string[] {
    return this.#store.users().filter((user) => this.lookup(user).length > 0);
  }

  /** Removes a user's bindings, after the user was deleted or got a new password. */
  remove(user: string): void {
    this.#store.set(user, []);
  }

  /** Sets a user's bindings. */
  restore(user: string, bindings: readonly Binding[]): void {
    this.#store.set(user, bindings);
  }

  /** Handles a REGISTER of an authenticated user. */
  register(request: SipRequest, flow: Flow, username: string): { response: SipResponse; changed: boolean } {
    const toTag = newTag();
    try {
      // Users may register only themselves (RFC 3261 §10.3 step 4).
      if (decodeUser(request.to.uri) !== username) {
        throw new Refusal(403);
      }
      const path = pathOf(request);
      if (!path) {
        throw new Refusal(400);
      }
      const before = this.lookup(username);
      const after = this.#apply(request, flow, before, path);
      const changed = after !== before;
      if (changed) {
        this.#store.set(username, after);
      }
      const address = hasOptionTag(request.headers, 'supported', 'gruu') ? request.to.uri : undefined;
      const headers: HeaderField[] = [
        ...after.map((binding): HeaderField => ['contact', this.#describe(binding, address)]),
        ...path.map((each): HeaderField => ['path', each]),
        ['supported', [...REGISTRAR_EXTENSIONS].join(', ')],
      ];
      if (after.some((binding) => binding.flow === flow && binding.regId !== undefined)) {
        // A proxy on the way is kept alive by the phone on its own terms.
        const timer: HeaderField[] = path.length === 0 ? [['flow-timer', String(flowTimerOf(flow))]] : [];
        headers.push(['require', 'outbound'], ...timer);
        flow.expectPings?.(flowTimerOf(flow) * MISSED_KEEP_ALIVES * 1000);
      }
      return { response: buildResponse(request, 200, { toTag, headers }), changed };
    } catch (error) {
      if (error instanceof Refusal) {
        return {
          response: buildResponse(request, error.status, { toTag, headers: error.headers }),
          changed: false,
        };
      }
      if (error instanceof SipParseError) {
        return {
          response: buildResponse(request, error.status, { toTag, reason: 'Bad Contact' }),
          changed: false,
        };
      }
      throw error;
    }
  }

  #apply(
    request: SipRequest,
    flow: Flow,
    before: readonly Binding[],
    path: readonly string[],
  ): readonly Binding[] {
    const contacts = registerContacts(request.headers);
    const general = request.headers.get('expires');
    const generalSeconds = general === undefined ? this.#limits.defaultSeconds : parseSeconds(general);
    const { callId, cseq } = request;
    // Requests that arrive out of order are refused (RFC 3261 §10.3 step 6).
    const isOld = (binding: Binding) => binding.callId === callId && binding.sequence >= cseq.number;
    if (contacts === '*') {
      if (general === undefined || generalSeconds !== 0) {
        throw new Refusal(400);
      }
      if (before.some(isOld)) {
        throw new Refusal(500);
      }
      return [];
    }
    if (contacts.length === 0) {
      return before;
    }
    const isOutbound = hasOptionTag(request.headers, 'supported', 'outbound') && contacts.some(regIdOf);
    if (isOutbound && contacts.length > 1) {
      // One flow per request (RFC 5626 §6).
      throw new Refusal(400);
    }
    if (isOutbound && !firstHopKeepsFlows(request)) {
      throw new Refusal(439);
    }
    let bindings = before;
    for (const contact of contacts) {
      if (contact.uri.scheme === 'other') {
        throw new Refusal(400);
      }
      // A GRUU leads to a Contact; as one, it would lead to itself (RFC 5627 §5.1).
      if (this.#phoneOf(contact.uri)?.user === decodeUser(request.to.uri)) {
        throw new Refusal(403);
      }
      const instance = contact.params.get('+sip.instance') ?? undefined;
      const regId = isOutbound ? regIdOf(contact) : undefined;
      // Flows of one phone may have the same Contact: the instance and the number tell them apart.
      const isOtherFlow = (binding: Binding) =>
        regId !== undefined &&
        binding.regId !== undefined &&
        binding.instance === instance &&
        binding.regId !== regId;
      const known = bindings.find(
        (binding) =>
          !isOtherFlow(binding) &&
          (sameUri(binding.contact, contact.uri) ||
            (regId !== undefined && binding.regId === regId && binding.instance === instance)),
      );
      if (known && isOld(known)) {
        throw new Refusal(500);
      }
      // A phone that registers from a new address replaces its old binding, or it would ring twice.
      const isReplaced = (binding: Binding) =>
        instance !== undefined && binding.instance === instance && !isOtherFlow(binding);
      bindings = bindings.filter((binding) => binding !== known && !isReplaced(binding));
      const seconds = this.#secondsOf(contact, generalSeconds);
      if (seconds > 0) {
        if (bindings.length >= this.#limits.maxBindings) {
          throw new Refusal(403);
        }
        bindings = [...bindings, this.#bind({ contact, request, flow, seconds, regId, path })];
      }
    }
    return bindings;
  }

  #phoneOf(uri: Uri): PhoneInstance | undefined {
    return this.#gruus.read(uri, (user) => this.lookup(user));
  }

  #secondsOf(contact: NameAddr, general: number): number {
    const own = contact.params.get('expires');
    // A malformed value means the default (RFC 3261 §20.10).
    const requested =
      own === undefined || own === null ? general : /^[0-9]+$/.test(own) ? parseSeconds(own) : 3600;
    const { minSeconds, maxSeconds } = this.#limits;
    if (requested > 0 && requested < minSeconds) {
      throw new Refusal(423, [['min-expires', String(minSeconds)]]);
    }
    return Math.min(requested, maxSeconds);
  }

  #bind({ contact, request, flow, seconds, regId, path }: NewBinding): Binding {
    const q = Number(contact.params.get('q') ?? 1);
    return {
      contact: contact.uri,
      callId: request.callId,
      sequence: request.cseq.number,
      registeredAt: this.#clock.now(),
      instance: contact.params.get('+sip.instance') ?? undefined,
      regId,
      path,
      expiresAt: this.#clock.now() + seconds * 1000,
      q: q >= 0 && q <= 1 ? q : 1,
      flow,
      userAgent: legible(request.headers.get('user-agent') ?? '').slice(0, 200),
    };
  }

  /** `address`: the user's, if the phone wants GRUUs. */
  #describe(binding: Binding, address: Uri | undefined): string {
    const { contact, expiresAt, instance, regId } = binding;
    const seconds = Math.max(1, Math.round((expiresAt - this.#clock.now()) / 1000));
    const params = [
      `;expires=${seconds}`,
      instance === undefined ? '' : `;+sip.instance=${instance}`,
      regId === undefined ? '' : `;reg-id=${regId}`,
      address?.scheme === 'sip' || address?.scheme === 'sips' ? this.#gruus.paramsFor(address, binding) : '',
    ];
    return `<${formatUri(contact)}>${params.join('')}`;
  }
}

function isSamePhone(one: Binding, other: Binding): boolean {
  return (
    sameUri(one.contact, other.contact) ||
    one.callId === other.callId ||
    (one.instance !== undefined && one.instance === other.instance)
  );
}
