import { createHash, randomInt } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';
import {
  type DialRule,
  type IceUse,
  MIN_PIN_DIGITS,
  type SipPhone,
  type SipTrunk,
  type SrtpKeying,
  type SrtpUse,
  type TransferScope,
} from '../../../contract/index.ts';
import type { TelephonySettings } from './telephony-settings.ts';

/** Letters and digits, without those that look alike. */
const PASSWORD_ALPHABET = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** About 116 bits of entropy. */
const PASSWORD_LENGTH = 20;

/** Changes phones, trunks, the dial plan and PINs for administrators. The gateway is notified of each change. */
export class TelephonyAdministration {
  readonly #settings: TelephonySettings;
  readonly #realm: string;
  readonly #changed: () => Promise<void>;

  constructor(options: { settings: TelephonySettings; realm: string; changed(): Promise<void> }) {
    this.#settings = options.settings;
    this.#realm = options.realm;
    this.#changed = options.changed;
  }

  /** Adds or replaces a phone. Returns the generated password if none was given. */
  async putPhone(
    username: string,
    {
      displayName,
      password,
      srtp,
      keying,
      ice,
      transfers,
    }: {
      displayName?: string | undefined;
      password?: string | undefined;
      srtp?: SrtpUse | undefined;
      keying?: SrtpKeying | undefined;
      ice?: IceUse | undefined;
      transfers?: TransferScope | undefined;
    },
  ): Promise<{
    realm: string;
    srtp: SrtpUse;
    keying: SrtpKeying;
    ice: IceUse;
    transfers?: TransferScope;
    password?: string;
  }> {
    const generated = password === undefined ? newPassword() : undefined;
    const before = (await this.#settings.phones()).find((phone) => phone.username === username);
    // A new password or name must not end the encryption of a phone's calls, or change where it may transfer.
    const kept = {
      srtp: srtp ?? before?.srtp ?? 'preferred',
      keying: keying ?? before?.keying ?? 'sdes',
      ice: ice ?? before?.ice ?? 'accept',
    };
    const scope = transfers ?? before?.transfers;
    const ha1 = digestSecrets(username, this.#realm, password ?? generated ?? '');
    await this.#settings.putPhone({
      username,
      ha1,
      ...kept,
      ...(displayName !== undefined && { displayName }),
      ...(scope !== undefined && { transfers: scope }),
    });
    await this.#changed();
    return {
      realm: this.#realm,
      ...kept,
      ...(scope !== undefined && { transfers: scope }),
      ...(generated !== undefined && { password: generated }),
    };
  }

  /** @throws {CanopyError} NOT_FOUND */
  async deletePhone(username: string): Promise<void> {
    required(await this.#settings.deletePhone(username), 'no phone of this name');
    await this.#changed();
  }

  /**
   * Adds or replaces a trunk. A stored password is kept while both user names stay the same. Encryption, transfers, identity, numbers,
   * limits, verification and TLS are kept if they are not given.
   *
   * @throws {CanopyError} BAD_REQUEST - `register` without user name and password
   */
  async putTrunk(
    trunk: Omit<SipTrunk, 'srtp' | 'keying' | 'ice'> & {
      srtp?: SrtpUse | undefined;
      keying?: SrtpKeying | undefined;
      ice?: IceUse | undefined;
    },
  ): Promise<SipTrunk> {
    const before = (await this.#settings.trunks()).find(({ name }) => name === trunk.name);
    const isSameUser = before?.username === trunk.username && before?.authUsername === trunk.authUsername;
    const kept = isSameUser ? before?.password : undefined;
    const password = trunk.password ?? kept;
    const srtp = trunk.srtp ?? before?.srtp ?? 'preferred';
    const transfers = trunk.transfers ?? before?.transfers;
    const identity = trunk.identity ?? before?.identity;
    const numbers = trunk.numbers ?? before?.numbers;
    const limits = trunk.limits ?? before?.limits;
    const tls = trunk.tls ?? before?.tls;
    const stirShaken = trunk.stirShaken ?? before?.stirShaken;
    const settled = {
      ...trunk,
      srtp,
      keying: trunk.keying ?? before?.keying ?? 'sdes',
      ...(identity && { identity }),
      ...(numbers && { numbers }),
      ...(limits && { limits }),
      ...(stirShaken && { stirShaken }),
      ...(tls && { tls }),
      ice: trunk.ice ?? before?.ice ?? 'accept',
      ...(transfers !== undefined && { transfers }),
      ...(password !== undefined && { password }),
    };
    if (settled.register && (settled.username === undefined || password === undefined)) {
      throw new CanopyError('BAD_REQUEST', 'register: requires username and password');
    }
    await this.#settings.putTrunk(settled);
    await this.#changed();
    return settled;
  }

  /** @throws {CanopyError} NOT_FOUND, BAD_REQUEST - a rule of the dial plan uses it */
  async deleteTrunk(name: string): Promise<void> {
    const plan = await this.#settings.dialPlan();
    const index = plan.findIndex(({ action }) => action.type === 'trunk' && action.trunk === name);
    if (index >= 0) {
      throw new CanopyError('BAD_REQUEST', `name: rule ${index} of the dial plan uses this trunk`);
    }
    required(await this.#settings.deleteTrunk(name), 'no trunk with this name');
    await this.#changed();
  }

  /** Replaces the dial plan. @throws {CanopyError} BAD_REQUEST - a rule is invalid; PIN_TOO_SHORT - a new PIN is too short */
  async putDialPlan(rules: DialRule[]): Promise<void> {
    const names = new Set((await this.#settings.trunks()).map(({ name }) => name));
    const kept = new Set((await this.#settings.dialPlan()).map(pinOf));
    for (const [index, rule] of rules.entries()) {
      const { direction, action } = rule;
      const leads = action.type === 'trunk' ? 'outgoing' : 'incoming';
      if (action.type !== 'reject' && leads !== direction) {
        throw new CanopyError('BAD_REQUEST', `rules.${index}: ${action.type} is for ${leads} calls`);
      }
      if (action.type === 'trunk' && !names.has(action.trunk)) {
        throw new CanopyError('BAD_REQUEST', `rules.${index}: there is no trunk ${action.trunk}`);
      }
      const pin = pinOf(rule);
      if (pin !== undefined && pin.length < MIN_PIN_DIGITS && !kept.has(pin)) {
        throw new CanopyError('PIN_TOO_SHORT', `rules.${index}.action.pin`);
      }
    }
    await this.#settings.putDialPlan(rules);
    await this.#changed();
  }

  /** @throws {CanopyError} PIN_TAKEN, PIN_TOO_SHORT; BAD_REQUEST - both PINs are the same */
  async putPin(roomId: string, pin: string, moderatorPin?: string | null): Promise<void> {
    const short = [pin, moderatorPin ?? undefined].filter(
      (each) => (each?.length ?? MIN_PIN_DIGITS) < MIN_PIN_DIGITS,
    );
    if (short.length > 0) {
      const kept = (await this.#settings.pins()).filter((each) => each.roomId === roomId);
      if (!short.every((each) => kept.some((known) => known.pin === each))) {
        throw new CanopyError('PIN_TOO_SHORT');
      }
    }
    await this.#settings.putPin(roomId, pin, moderatorPin);
    await this.#changed();
  }

  /** @throws {CanopyError} NOT_FOUND */
  async deletePin(roomId: string): Promise<void> {
    required(await this.#settings.deletePin(roomId), 'the room has no PIN');
    await this.#changed();
  }
}

function required(found: boolean, detail: string): void {
  if (!found) {
    throw new CanopyError('NOT_FOUND', detail);
  }
}

function pinOf({ action }: DialRule): string | undefined {
  return action.type === 'room' ? action.pin : undefined;
}

function newPassword(): string {
  return Array.from(
    { length: PASSWORD_LENGTH },
    () => PASSWORD_ALPHABET[randomInt(PASSWORD_ALPHABET.length)],
  ).join('');
}

/** What is stored of a phone's password: HA1 for both digest algorithms (RFC 7616 §3.4.2). */
function digestSecrets(username: string, realm: string, password: string): SipPhone['ha1'] {
  const of = (algorithm: string) =>
    createHash(algorithm).update(`${username}:${realm}:${password}`).digest('hex');
  return { md5: of('md5'), sha256: of('sha256') };
}
