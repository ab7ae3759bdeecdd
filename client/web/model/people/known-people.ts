import { signal } from '@preact/signals';
import { type Client, type Contact, nameLook, type Participant, type Room } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import { coalesce } from '../basics/coalesce.ts';
import type { Notices } from '../basics/notices.ts';

/** How the user knows somebody in the call. */
export interface Acquaintance {
  /** The contact with this person's account. */
  contact?: Contact;
  /** When codes were compared with this account, Unix time in milliseconds. */
  verifiedAtMs?: number | undefined;
  /** The contact who has this person's name, but other accounts. */
  impersonated?: Contact;
}

/** How long changes of contacts are collected, in milliseconds: an import makes hundreds. */
const RELOAD_MS = 300;
/** Maximum number of accounts and names in one question. */
const MAX_ASKED = 50;

/** Whom of the people in a call the user has as contacts, and who only carries a contact's name. */
export class KnownPeople {
  /** By participant id. Those of whom nothing is known are missing. */
  readonly people = signal<ReadonlyMap<string, Acquaintance>>(new Map());
  /** Guests have no contacts. */
  readonly isAvailable: boolean;
  readonly #client: Client;
  readonly #room: Room;
  readonly #notices: Notices;
  readonly #stop: ReadonlyArray<() => void>;
  /** Contacts as they were last found, by id. */
  #contacts: Contact[] = [];
  /** Accounts and names that were asked for. */
  readonly #asked = new Set<string>();
  /** Participants against whom the user was warned. */
  readonly #warned = new Set<string>();
  #asking: Promise<void> = Promise.resolve();
  readonly #reload = coalesce(() => this.#askAgain(), RELOAD_MS);

  constructor(client: Client, room: Room, notices: Notices) {
    this.#client = client;
    this.#room = room;
    this.#notices = notices;
    this.isAvailable = client.account.role === 'admin' || client.account.role === 'member';
    const check = () => this.#check();
    this.#stop = this.isAvailable
      ? [
          room.on('participant-joined', check),
          room.on('participant-updated', check),
          room.on('participant-left', () => this.#judge()),
          client.contacts.on('changed', () => this.#reload.soon()),
          () => this.#reload.stop(),
        ]
      : [];
    if (this.isAvailable) {
      check();
    }
  }

  /** Whether this person can become a contact: guests have another account next time, and phones have none. */
  mayAdd({ participantId, accountId, kind, role }: Participant): boolean {
    return (
      this.isAvailable &&
      kind === 'user' &&
      (role === 'admin' || role === 'member') &&
      accountId !== this.#client.account.accountId &&
      this.people.value.get(participantId)?.contact === undefined
    );
  }

  /** Adds someone in the call to the contacts, under their certified name. */
  async add({ accountId, certifiedName, displayName }: Participant): Promise<void> {
    const name = certifiedName ?? displayName;
    await this.#notices.attempt(async () => {
      await this.#client.contacts.put({ name, accounts: [{ accountId }] });
      this.#notices.say(strings.value.contacts.added(name));
    });
  }

  close(): void {
    for (const stop of this.#stop) {
      stop();
    }
  }

  #askAgain(): void {
    this.#asking = this.#asking.then(() => {
      this.#asked.clear();
      this.#contacts = [];
      return this.#ask();
    });
  }

  /** Asks for contacts with accounts and names that have not been asked for, one question after another. */
  #check(): void {
    this.#judge();
    this.#asking = this.#asking.then(() => this.#ask());
  }

  async #ask(): Promise<void> {
    const others = this.#others();
    const unasked = (values: string[]) => [...new Set(values)].filter((value) => !this.#asked.has(value));
    const accountIds = unasked(others.map(({ accountId }) => accountId)).slice(0, MAX_ASKED);
    const names = unasked(others.flatMap(namesOf)).slice(0, MAX_ASKED);
    if (accountIds.length === 0 && names.length === 0) {
      return;
    }
    for (const asked of [...accountIds, ...names]) {
      this.#asked.add(asked);
    }
    try {
      const found = await this.#client.contacts.find({ accountIds, names });
      const isKnown = new Set(found.map(({ contactId }) => contactId));
      this.#contacts = [...this.#contacts.filter(({ contactId }) => !isKnown.has(contactId)), ...found];
      this.#judge();
    } catch {
      // The connection is lost or busy; a change or the next newcomer asks again.
      for (const asked of [...accountIds, ...names]) {
        this.#asked.delete(asked);
      }
      return;
    }
    await this.#ask();
  }

  #others(): Participant[] {
    const { accountId: own } = this.#client.account;
    return [...this.#room.participants.values()].filter(
      ({ kind, accountId }) => kind === 'user' && accountId !== own,
    );
  }

  #judge(): void {
    const people = new Map<string, Acquaintance>();
    for (const participant of this.#others()) {
      const acquaintance = acquaintanceOf(participant, this.#contacts);
      if (acquaintance.contact || acquaintance.impersonated) {
        people.set(participant.participantId, acquaintance);
      }
      this.#warn(participant, acquaintance);
    }
    this.people.value = people;
  }

  #warn({ participantId, accountId, displayName }: Participant, { impersonated }: Acquaintance): void {
    const key = `${participantId} ${accountId} ${displayName}`;
    if (impersonated && !this.#warned.has(key)) {
      this.#warned.add(key);
      this.#notices.warn(strings.value.contacts.impostorNotice(displayName, impersonated.name));
    }
  }
}

/** How the user knows a person, by all contacts with this account or a name that looks like theirs. */
export function acquaintanceOf(participant: Participant, contacts: readonly Contact[]): Acquaintance {
  const { accountId } = participant;
  const has = ({ accounts }: Contact) => accounts.some((account) => account.accountId === accountId);
  const contact = contacts.find(has);
  const verifiedAtMs = contact?.accounts.find((account) => account.accountId === accountId)?.verifiedAtMs;
  const [impersonated] = namesOf(participant).flatMap((shown) => {
    const look = nameLook(shown);
    const namesakes = contacts.filter(({ name, accounts }) => accounts.length > 0 && nameLook(name) === look);
    return namesakes.some(has) ? [] : namesakes;
  });
  return {
    ...(contact && { contact }),
    ...(verifiedAtMs !== undefined && { verifiedAtMs }),
    ...(impersonated && { impersonated }),
  };
}

/** The names that others see. */
function namesOf({ displayName, certifiedName }: Participant): string[] {
  return certifiedName === undefined ? [displayName] : [displayName, certifiedName];
}
