import type {
  EncryptionPolicy,
  Participant,
  RequestInput,
  RequestName,
  RequestResult,
  SnapshotPart,
} from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import type { GroupRoom } from '../../../contract/mls/index.ts';
import { Emitter } from '../emitter.ts';
import type { Identity } from '../identity/index.ts';
import type { RoomSession } from '../room-session.ts';
import { type EncryptionState, failureAlarm } from './encryption-state.ts';
import type { FrameEncryption } from './frame-encryption.ts';
import type { GroupSession } from './group/index.ts';
import { RoomContent } from './room-content.ts';

export interface RoomEncryptionEvents {
  /** The members, the code, the state or the alarms have changed. */
  changed: [EncryptionState];
}

export interface RoomEncryptionHost {
  roomId: string;
  identity: Identity;
  frames: FrameEncryption;
  /** Whether this device reads and writes messages and files. If not, it derives no keys for them. */
  hasContent: boolean;
  session: Pick<RoomSession, 'onServerEvent' | 'on'>;
  /** Everyone in the room whom the server lists, this device included. */
  participants(): Iterable<Participant>;
  request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>>;
}

/** A room's end-to-end encryption. The code for its group is loaded when the room turns out to be encrypted. */
export class RoomEncryption extends Emitter<RoomEncryptionEvents> {
  readonly #host: RoomEncryptionHost;
  #session: Promise<GroupSession> | undefined;
  /** What the server said of the room: its policy, and who may be in it. */
  #told: string | undefined;
  #policy: EncryptionPolicy | undefined;
  #state: EncryptionState | undefined;
  #content: RoomContent | undefined;
  #closed = false;

  constructor(host: RoomEncryptionHost) {
    super();
    this.#host = host;
    const { session } = host;
    const tell = (run: (group: GroupSession) => void) => {
      // Whoever loads it reports a failure.
      this.#session?.then(run).catch(() => {});
    };
    session.onServerEvent('encryption.created', (data) => tell((group) => group.created(data)));
    session.onServerEvent('encryption.ended', (data) => tell((group) => group.ended(data)));
    session.onServerEvent('encryption.committed', (data) => tell((group) => group.committed(data)));
    session.onServerEvent('encryption.welcome', (data) => tell((group) => group.welcome(data)));
    session.onServerEvent('encryption.waiting', (data) => tell((group) => group.waiting(data)));
    session.onServerEvent('encryption.revoked', () => tell((group) => group.revoked()));
    session.onServerEvent('encryption.head', (data) => tell((group) => group.head(data)));
    for (const event of ['participant-joined', 'participant-updated', 'participant-left'] as const) {
      session.on(event, () => tell((group) => group.rosterChanged()));
    }
  }

  /** The room's policy, which stays the same; undefined: the room is not encrypted, or was not entered yet. */
  get policy(): EncryptionPolicy | undefined {
    return this.#policy;
  }

  /** Undefined: the room is not encrypted. */
  get state(): EncryptionState | undefined {
    return this.#state;
  }

  /** @internal What encrypts messages and files. Undefined: the room is not encrypted, or this device has no part in them. */
  get content(): RoomContent | undefined {
    return this.#content;
  }

  /**
   * @internal The room was entered or re-entered.
   *
   * @throws {CanopyError} ENCRYPTION_INVALID - the server says that the room has another policy, or is for others, than before
   */
  entered(snapshot: SnapshotPart<'encryption'>): void {
    const { policy, authorities = [] } = snapshot;
    const told = [policy, ...authorities].join(' ');
    if (this.#session && told !== this.#told) {
      throw new CanopyError('ENCRYPTION_INVALID', `the server now says of the room: ${told}`);
    }
    if (policy === 'off') {
      return;
    }
    this.#told = told;
    this.#policy = policy;
    if (this.#host.hasContent) {
      this.#content ??= new RoomContent({
        alarm: (alarm) => {
          this.#session?.then((group) => group.report(alarm)).catch(() => {});
        },
        settled: async () => {
          await this.#session?.then((group) => group.settled());
        },
      });
    }
    this.#session ??= this.#load({ roomId: this.#host.roomId, policy, authorities }, this.#content);
    this.#session
      .then((group) => group.entered(snapshot))
      .catch((cause: unknown) => {
        this.#change({
          state: 'failed',
          members: [],
          code: [],
          isGroupNew: false,
          alarms: [failureAlarm(cause)],
        });
      });
  }

  /** @internal */
  close(): void {
    this.#closed = true;
    this.#content?.end(new CanopyError('ROOM_NOT_JOINED'));
    if (this.#session) {
      this.#session.then((group) => group.close()).catch(() => {});
      this.#host.frames.close();
    }
  }

  async #load(room: GroupRoom, content: RoomContent | undefined): Promise<GroupSession> {
    this.#change({ state: 'joining', members: [], code: [], isGroupNew: false, alarms: [] });
    const { identity, frames, participants } = this.#host;
    const [{ CredentialJudge, GroupMember, GroupSession }, code] = await Promise.all([
      import('./group/index.ts'),
      content && import('./content/index.ts'),
    ]);
    if (content && code) {
      content.begin(new code.ContentCipher({ scope: `room ${room.roomId}`, identity }));
    }
    const { deploymentCa, companyCas } = identity;
    const judge = new CredentialJudge({ deploymentCa, companyCas, authorities: room.authorities });
    await judge.requireKnownAuthorities();
    const member = await GroupMember.create({
      chain: identity.chain,
      deviceKey: identity.stored.deviceKey,
      room,
      judge,
    });
    const group = new GroupSession({
      member,
      identity,
      frames,
      host: {
        request: (name, data) => this.#host.request(name, data),
        participants,
        changed: (state) => this.#change(state),
        content: content && ((epoch) => content.setEpoch(epoch)),
      },
    });
    if (this.#closed) {
      group.close();
    }
    return group;
  }

  #change(state: EncryptionState): void {
    if (!this.#closed) {
      this.#state = state;
      if (state.state === 'failed') {
        this.#content?.end(new CanopyError('ENCRYPTION_INVALID', 'this device has no keys'));
      }
      this.emit('changed', state);
    }
  }
}
