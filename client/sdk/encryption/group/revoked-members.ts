import type { RequestInput, RequestResult } from '../../../../contract/index.ts';
import type { EncryptionAlarm } from '../encryption-state.ts';
import type { CredentialJudge } from './credential-judge.ts';
import type { RoomGroup } from './room-group.ts';

/** How often this device asks for revocations when nobody announces new ones, in milliseconds. */
const ASK_MS = 60_000;

export interface RevokedMembersHost {
  readonly judge: CredentialJudge;
  ask(request: RequestInput<'encryption.revocations'>): Promise<RequestResult<'encryption.revocations'>>;
  alarm(alarm: EncryptionAlarm): void;
  /** Further members of this epoch are revoked. */
  found(group: RoomGroup): void;
  /** A revoked device was not taken out in time. */
  stays(): void;
  /** How long that may take, in milliseconds. */
  readonly patienceMs: number;
}

/** Follows which members of a group are revoked, whatever the server says about who is present. */
export class RevokedMembers {
  readonly #host: RevokedMembersHost;
  readonly #devices = new Set<string>();
  #group: RoomGroup | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stay: ReturnType<typeof setTimeout> | undefined;
  #asking: Promise<void> | undefined;
  #isClosed = false;

  constructor(host: RevokedMembersHost) {
    this.#host = host;
  }

  /** Ids of the revoked devices that were in the group. */
  get devices(): ReadonlySet<string> {
    return this.#devices;
  }

  isRevoked(deviceId: string): boolean {
    return this.#devices.has(deviceId);
  }

  /** Looks at the members of a new epoch. */
  async check(group: RoomGroup): Promise<void> {
    const isFirst = this.#group === undefined;
    this.#group = group;
    if (isFirst) {
      this.refresh();
    }
    let isNew = false;
    for (const [leaf, member] of group.members) {
      if (leaf === group.ownLeaf) {
        continue;
      }
      const { deviceId } = member;
      const standing = await this.#host.judge.standingOf(member);
      if (standing === 'unknown') {
        this.#host.alarm({ kind: 'unchecked', deviceId });
      } else if (standing === 'revoked') {
        isNew ||= !this.#devices.has(deviceId);
        this.#devices.add(deviceId);
        this.#host.alarm({ kind: 'revoked', deviceId });
      }
    }
    this.#watchStay(group);
    if (isNew && !this.#isClosed) {
      this.#host.found(group);
    }
  }

  /** Asks for revocations now, and again after a while. */
  refresh(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) {
      return;
    }
    this.#timer = setTimeout(() => this.refresh(), ASK_MS);
    // After the answer that is under way, which may be older than what is asked for now.
    this.#asking = (this.#asking ?? Promise.resolve()).then(() => this.#ask()).catch(() => {});
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#stay);
  }

  async #ask(): Promise<void> {
    const { revocations } = this.#host.judge;
    const answer = await this.#host.ask(revocations.request);
    await revocations.take(answer, Date.now());
    if (this.#group && !this.#isClosed) {
      await this.check(this.#group);
    }
  }

  /** Whoever is revoked goes within a moment; else the server keeps them in. */
  #watchStay(group: RoomGroup): void {
    const isInside = [...group.members.values()].some(({ deviceId }) => this.#devices.has(deviceId));
    if (!isInside || this.#isClosed) {
      clearTimeout(this.#stay);
      this.#stay = undefined;
    } else {
      this.#stay ??= setTimeout(() => this.#host.stays(), this.#host.patienceMs);
    }
  }
}
