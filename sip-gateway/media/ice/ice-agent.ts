import { randomBytes } from 'node:crypto';
import {
  Attribute,
  Binding,
  errorCode,
  isAuthentic,
  readStun,
  type StunMessage,
  writeStun,
  xorMappedAddress,
} from '../../stun/index.ts';
import type { Endpoint } from '../rtp/index.ts';
import { CheckList } from './check-list.ts';
import type { IceComponent, IceParameters } from './ice-types.ts';

export interface IceAgentOptions {
  parameters: IceParameters;
  /** Whether RTCP has its own port. */
  hasRtcp: boolean;
  send: (datagram: Uint8Array, target: Endpoint, component: IceComponent) => void;
  /** Media goes to this address from now on. */
  onSelected: (target: Endpoint, component: IceComponent) => void;
}

/** An address of the phone that an authentic check came from, or that answered ours. */
interface Checked {
  readonly address: string;
  readonly port: number;
  readonly component: IceComponent;
  priority: number;
  heardMs: number;
}

/** Maximum number of checked addresses. A phone has a few; each takes an authentic check. */
const MAX_CHECKED = 16;
/** If the selected address is silent for this long, any nomination replaces it. */
const SILENT_MS = 2_000;
/** Checks with our user name that are verified per second, and the burst: who knows the name but not the password costs no more. */
const CHECKS_PER_SECOND = 50;
const CHECKS_BURST = 100;

/**
 * ICE of one leg (RFC 8445). Towards a phone with full ICE we are lite: we answer its checks, and media goes to the address that it
 * nominates, at once (aggressive nomination of RFC 5245) or at the end. Towards an ICE-lite phone we send the checks.
 *
 * Requests without our user name, a correct checksum and a correct MESSAGE-INTEGRITY have no effect and get no answer.
 */
export class IceAgent {
  readonly parameters: IceParameters;
  readonly #options: IceAgentOptions;
  readonly #username: string;
  readonly #tieBreaker = randomBytes(8);
  #checks: CheckList | undefined;
  readonly #checked: Checked[] = [];
  readonly #selected = new Map<IceComponent, Checked>();
  #allowance = CHECKS_BURST;
  #allowanceMs = 0;

  constructor(options: IceAgentOptions) {
    this.#options = options;
    this.parameters = options.parameters;
    const { usernameFragment, remoteUsernameFragment, remotePassword, controlling, candidates } =
      options.parameters;
    this.#username = `${usernameFragment}:${remoteUsernameFragment}`;
    if (!controlling) {
      return;
    }
    this.#checks = new CheckList({
      candidates: candidates.filter(({ component }) => component === 1 || options.hasRtcp),
      username: `${remoteUsernameFragment}:${usernameFragment}`,
      password: remotePassword,
      tieBreaker: this.#tieBreaker,
      send: options.send,
      onChecked: ({ component, priority, ...source }, nominated, nowMs) => {
        const checked = this.#remember(source, component, priority, nowMs);
        if (nominated) {
          this.#select(checked);
        }
      },
    });
  }

  /** Whether these parameters continue this session, rather than restarting it (RFC 8445 §9). */
  isFor({ usernameFragment, remoteUsernameFragment, controlling }: IceParameters): boolean {
    const own = this.parameters;
    return (
      own.usernameFragment === usernameFragment &&
      own.remoteUsernameFragment === remoteUsernameFragment &&
      own.controlling === controlling
    );
  }

  /** Whether a check has succeeded. From then on, media is accepted only from checked addresses. */
  get isChecked(): boolean {
    return this.#checked.length > 0;
  }

  /** The nominated address. */
  selected(component: IceComponent): Endpoint | undefined {
    return this.#selected.get(component);
  }

  /** Takes over an address that was selected in another thread. */
  restore(source: Endpoint, component: IceComponent, nowMs: number): void {
    this.#selected.set(component, this.#remember(source, component, 0, nowMs));
  }

  /** Whether media from this address is accepted. */
  admits(source: Endpoint, component: IceComponent, nowMs: number): boolean {
    const checked = this.#find(source, component);
    if (checked) {
      checked.heardMs = nowMs;
    }
    return checked !== undefined;
  }

  /** Handles a STUN message. Returns whether it was authentic. */
  receive(datagram: Uint8Array, source: Endpoint, component: IceComponent, nowMs: number): boolean {
    const message = readStun(datagram);
    switch (message?.type) {
      case Binding.request:
        return this.#onRequest(message, source, component, nowMs);
      case Binding.success:
      case Binding.error:
        return this.#checks?.receive(message, source, component, nowMs) ?? false;
      case Binding.indication:
        // A keep-alive (RFC 8445 §11).
        return this.admits(source, component, nowMs);
      default:
        return false;
    }
  }

  /** Sends checks that are due. */
  tick(nowMs: number): void {
    this.#checks?.tick(nowMs);
  }

  #onRequest(message: StunMessage, source: Endpoint, component: IceComponent, nowMs: number): boolean {
    const { password, candidates } = this.parameters;
    const username = message.attributes.get(Attribute.username)?.toString('latin1');
    if (username !== this.#username || !this.#mayVerify(nowMs) || !isAuthentic(message, password)) {
      return false;
    }
    if (message.unknown.length > 0) {
      const types = Buffer.alloc(message.unknown.length * 2);
      for (const [index, type] of message.unknown.entries()) {
        types.writeUInt16BE(type, index * 2);
      }
      this.#answer(Binding.error, message, source, component, [
        [Attribute.errorCode, errorCode(420, 'Unknown Attribute')],
        [Attribute.unknownAttributes, types],
      ]);
      return true;
    }
    if (this.#isConflict(message)) {
      this.#answer(Binding.error, message, source, component, [
        [Attribute.errorCode, errorCode(487, 'Role Conflict')],
      ]);
      return true;
    }
    const known = candidates.find(
      (candidate) => candidate.component === component && isSame(candidate, source),
    );
    const stated = message.attributes.get(Attribute.priority);
    const priority = known?.priority ?? (stated?.length === 4 ? stated.readUInt32BE() : 0);
    const checked = this.#remember(source, component, priority, nowMs);
    const { transactionId } = message;
    const mapped = xorMappedAddress(source, transactionId);
    this.#answer(Binding.success, message, source, component, [[Attribute.xorMappedAddress, mapped]]);
    if (message.attributes.has(Attribute.useCandidate) && this.#mayReplace(checked, nowMs)) {
      this.#select(checked);
    }
    return true;
  }

  /** Whether both sides claim one role (RFC 8445 §7.3.1.1). As an ICE-lite agent we are always controlled. */
  #isConflict({ attributes }: StunMessage): boolean {
    if (!this.parameters.controlling) {
      return attributes.has(Attribute.iceControlled);
    }
    const other = attributes.get(Attribute.iceControlling);
    if (other === undefined) {
      return false;
    }
    // An ICE-lite phone sends no checks, so this one is not lite after all.
    if (Buffer.compare(this.#tieBreaker, other) >= 0) {
      return true;
    }
    this.#checks = undefined;
    return false;
  }

  /** With aggressive nomination a phone nominates several addresses, of which the best is used (RFC 5245 §8.1.1.2). */
  #mayReplace(checked: Checked, nowMs: number): boolean {
    const current = this.#selected.get(checked.component);
    return (
      current === undefined || checked.priority >= current.priority || nowMs - current.heardMs >= SILENT_MS
    );
  }

  #select(checked: Checked): void {
    const { component, address, port } = checked;
    if (this.#selected.get(component) === checked) {
      return;
    }
    this.#selected.set(component, checked);
    this.#options.onSelected({ address, port }, component);
  }

  #remember(source: Endpoint, component: IceComponent, priority: number, nowMs: number): Checked {
    const known = this.#find(source, component);
    if (known) {
      known.priority = Math.max(known.priority, priority);
      known.heardMs = nowMs;
      return known;
    }
    if (this.#checked.length === MAX_CHECKED) {
      const selected = [...this.#selected.values()];
      const oldest = this.#checked
        .filter((each) => !selected.includes(each))
        .reduce((a, b) => (a.heardMs <= b.heardMs ? a : b));
      this.#checked.splice(this.#checked.indexOf(oldest), 1);
    }
    const checked = { address: source.address, port: source.port, component, priority, heardMs: nowMs };
    this.#checked.push(checked);
    return checked;
  }

  #find(source: Endpoint, component: IceComponent): Checked | undefined {
    return this.#checked.find((each) => each.component === component && isSame(each, source));
  }

  #mayVerify(nowMs: number): boolean {
    const regained = ((nowMs - this.#allowanceMs) / 1000) * CHECKS_PER_SECOND;
    this.#allowance = Math.min(CHECKS_BURST, this.#allowance + Math.max(0, regained));
    this.#allowanceMs = nowMs;
    if (this.#allowance < 1) {
      return false;
    }
    this.#allowance--;
    return true;
  }

  #answer(
    type: number,
    { transactionId }: StunMessage,
    source: Endpoint,
    component: IceComponent,
    attributes: Array<readonly [number, Uint8Array]>,
  ): void {
    const { password } = this.parameters;
    this.#options.send(writeStun({ type, transactionId, attributes, password }), source, component);
  }
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}
