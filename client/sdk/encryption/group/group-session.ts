import type {
  EventData,
  Participant,
  RequestInput,
  RequestName,
  RequestResult,
  SnapshotPart,
} from '../../../../contract/index.ts';
import { CanopyError, groupHeadStatement } from '../../../../contract/light.ts';
import { statementMatches } from '../../../../contract/x509/index.ts';
import { fromBase64, fromBase64Url, toBase64, toHex } from '../../bytes.ts';
import type { Identity } from '../../identity/index.ts';
import { type EncryptionAlarm, type EncryptionState, failureAlarm } from '../encryption-state.ts';
import type { FrameEncryption } from '../epoch-keys.ts';
import type { GroupMember } from './group-member.ts';
import { GroupWatch } from './group-watch.ts';
import { type OfferedEpoch, RoomGroup } from './room-group.ts';

export interface GroupSessionHost {
  request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>>;
  /** The server's roster. */
  participants(): Iterable<Participant>;
  changed(state: EncryptionState): void;
}

export interface GroupSessionOptions {
  member: GroupMember;
  identity: Identity;
  frames: FrameEncryption;
  host: GroupSessionHost;
  /** How long others may be ahead, and the rosters different, before that is an alarm, in milliseconds. Default 5 s and 10 s. */
  patience?: { behindMs: number; rosterMs: number };
}

/** How long to wait for being added by a member before joining alone, in milliseconds. */
const WELCOME_MS = 3000;
/** After so many attempts without success, the next one waits as after a lost connection. */
const MAX_ATTEMPTS = 20;
/** After a temporary failure, in milliseconds. */
const RETRY_MS = 1000;
const PATIENCE = { behindMs: 5000, rosterMs: 10_000 };
/** How often each member says in which epoch it is, and how soon after a change, in milliseconds. */
const HEAD_MS = 20_000;
const NEW_HEAD_MS = 500;

type Committed = EventData<'encryption.committed'>;
type Welcome = EventData<'encryption.welcome'>;

/**
 * A device's stay in a room's group: creates or joins it, follows the commits in the room's log, adds who waits, takes out who left, and gives
 * each epoch's keys to the encryption of media. One step at a time.
 */
export class GroupSession {
  readonly #options: GroupSessionOptions;
  readonly #patience: { behindMs: number; rosterMs: number };
  readonly #watch: GroupWatch;
  readonly #alarms = new Map<string, EncryptionAlarm>();
  /** The commits of this group that the log brought, by epoch. */
  readonly #logged = new Map<number, string>();
  /** The latest head of each participant. */
  readonly #heads = new Map<string, EventData<'encryption.head'>>();
  #state: EncryptionState['state'] = 'joining';
  #group: RoomGroup | undefined;
  #code: readonly string[] = [];
  #steps: Promise<void> = Promise.resolve();
  #welcomed: ((welcome: Welcome) => void) | undefined;
  #head: ReturnType<typeof setTimeout> | undefined;
  #behind: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: GroupSessionOptions) {
    this.#options = options;
    this.#patience = options.patience ?? PATIENCE;
    this.#watch = new GroupWatch({
      participants: options.host.participants,
      remove: (leaves) => this.#step(() => this.#remove(leaves)),
      alarm: (alarm) => this.#alarm(alarm),
      patienceMs: this.#patience.rosterMs,
    });
  }

  get state(): EncryptionState {
    return {
      state: this.#state,
      members: [...(this.#group?.members ?? [])].map(([leaf, { deviceId, name, accountIds }]) => ({
        ...{ leaf, deviceId, name, accountIds },
      })),
      code: this.#code,
      alarms: [...this.#alarms.values()],
    };
  }

  /** The room was entered or re-entered. Missed commits have come from the log, unless it no longer has them. */
  entered({ group }: SnapshotPart<'encryption'>): void {
    this.#step(async () => {
      const own = this.#group;
      if (!own || group?.groupId !== toHex(own.groupId)) {
        await this.#join();
      } else if (BigInt(group.epoch) > own.epoch) {
        await this.#catchUp();
      }
      this.#watch.check();
    });
  }

  /** The group was created, or created anew after the last member had left. */
  created({ groupId }: { groupId: string }): void {
    this.#step(async () => {
      if (this.#group && toHex(this.#group.groupId) !== groupId) {
        await this.#join();
      }
    });
  }

  committed(data: Committed): void {
    this.#step(() => this.#apply(data));
  }

  welcome(data: Welcome): void {
    this.#welcomed?.(data);
  }

  /** The server asks this member to add people. */
  waiting({ keyPackages }: EventData<'encryption.waiting'>): void {
    this.#step(() => this.#commit(() => ({ adds: keyPackages.map(fromBase64) })));
  }

  rosterChanged(): void {
    const present = new Set([...this.#options.host.participants()].map(({ participantId }) => participantId));
    for (const participantId of this.#heads.keys()) {
      if (!present.has(participantId)) {
        this.#heads.delete(participantId);
      }
    }
    this.#watch.check();
  }

  /** Somebody says in which epoch they are. */
  head(head: EventData<'encryption.head'>): void {
    this.#heads.set(head.participantId, head);
    this.#step(() => this.#compare(head));
  }

  close(): void {
    this.#closed = true;
    this.#watch.close();
    clearTimeout(this.#head);
    clearTimeout(this.#behind);
    clearTimeout(this.#retry);
    this.#group = undefined;
  }

  /** Runs after what was begun before. What fails for good ends the session: without keys, nothing is sent. */
  #step(run: () => Promise<void>): void {
    this.#steps = this.#steps.then(async () => {
      if (this.#closed || this.#state === 'failed') {
        return;
      }
      try {
        await run();
      } catch (cause) {
        this.#failed(CanopyError.from(cause));
      }
    });
  }

  #failed(error: CanopyError): void {
    // Leaving, or a lost connection: whoever comes back enters again.
    if (this.#closed || error.code === 'ROOM_NOT_JOINED' || error.code === 'CONNECTION_LOST') {
      return;
    }
    if (error.retryable || error.code === 'REQUEST_TIMEOUT') {
      this.#retry = setTimeout(() => this.#step(() => this.#ensure()), RETRY_MS);
      return;
    }
    this.#state = 'failed';
    this.#options.frames.close();
    this.#alarm(failureAlarm(error));
  }

  /** Tries again what a temporary failure interrupted. */
  async #ensure(): Promise<void> {
    if (this.#state === 'joining') {
      await this.#join();
    } else {
      await this.#catchUp();
    }
  }

  /** Gets into the group, by whatever way the server says. */
  async #join(): Promise<void> {
    const { member } = this.#options;
    this.#state = 'joining';
    this.#logged.clear();
    let alone = false;
    for (let attempt = 0; attempt < MAX_ATTEMPTS && !this.#closed; attempt += 1) {
      const own = await member.newKeyPackage();
      const welcome = this.#nextWelcome();
      const answer = await this.#options.host.request('encryption.join', {
        keyPackage: toBase64(own.message),
        alone,
      });
      if (answer.way === 'create') {
        const group = await RoomGroup.create(member);
        const { outcome } = await this.#options.host.request('encryption.create', {
          groupInfo: toBase64(await group.groupInfo()),
          tree: toBase64(group.tree),
        });
        if (outcome === 'accepted') {
          return this.#adopt(group);
        }
      } else if (answer.way === 'commit') {
        const offered = await RoomGroup.joinExternally(member, {
          groupInfo: fromBase64(answer.groupInfo),
          tree: fromBase64(answer.tree),
          epoch: answer.epoch,
        });
        if ((await this.#offer(offered)).outcome === 'accepted') {
          return this.#adopt(offered.next);
        }
      } else {
        const sent = await welcome;
        if (sent) {
          const group = await RoomGroup.joinByWelcome(member, own, {
            welcome: fromBase64(sent.welcome),
            tree: fromBase64(sent.tree),
          });
          return this.#adopt(group);
        }
        alone = true;
      }
    }
    throw new CanopyError('ENCRYPTION_STALE', 'the group could not be joined');
  }

  #nextWelcome(): Promise<Welcome | undefined> {
    const { promise, resolve } = Promise.withResolvers<Welcome | undefined>();
    const timer = setTimeout(() => resolve(undefined), WELCOME_MS);
    this.#welcomed = (welcome) => {
      clearTimeout(timer);
      resolve(welcome);
    };
    return promise;
  }

  async #adopt(group: RoomGroup): Promise<void> {
    group.adopt();
    if (group.isRemoved) {
      // Whoever was sent away hears of it from the room. Otherwise the others thought that this device had left.
      return this.#join();
    }
    this.#group = group;
    clearTimeout(this.#behind);
    this.#behind = undefined;
    this.#options.frames.setEpoch(await group.epochKeys());
    this.#code = await group.code();
    this.#state = 'ready';
    this.#scheduleHead(NEW_HEAD_MS);
    this.#watch.check(group);
    this.#options.host.changed(this.state);
    for (const head of this.#heads.values()) {
      await this.#compare(head);
    }
  }

  /** Applies a commit of the log, unless this device has it already: it made it, or was brought it with a refusal. */
  async #apply({ groupId, epoch, commit }: Omit<Committed, 'log'>): Promise<void> {
    const group = this.#group;
    if (!group || groupId !== toHex(group.groupId)) {
      return;
    }
    const before = this.#logged.get(epoch);
    if (before !== undefined) {
      this.#alarm({
        kind: before === commit ? 'replayed' : 'fork',
        detail: `a second commit of epoch ${epoch}`,
      });
      return;
    }
    this.#logged.set(epoch, commit);
    if (BigInt(epoch) > group.epoch) {
      await this.#catchUp();
    } else if (BigInt(epoch) === group.epoch) {
      await this.#process(commit);
    }
  }

  async #process(commit: string): Promise<void> {
    const group = this.#group;
    if (!group) {
      return;
    }
    let next: RoomGroup;
    try {
      next = await group.process(fromBase64(commit));
    } catch (cause) {
      const { code, detail = '' } = CanopyError.from(cause);
      this.#alarm({ kind: 'forged', detail: `${code} ${detail}` });
      // The others may have taken it: only a new start shows.
      return this.#join();
    }
    await this.#adopt(next);
  }

  /** Gets commits that are missing; if they are gone, joins again. */
  async #catchUp(): Promise<void> {
    const group = this.#group;
    if (!group) {
      return;
    }
    const groupId = toHex(group.groupId);
    const { missed } = await this.#options.host.request('encryption.missed', {
      groupId,
      epoch: Number(group.epoch),
    });
    if (!missed) {
      return this.#join();
    }
    for (const { epoch, commit } of missed) {
      if (BigInt(epoch) === this.#group?.epoch) {
        await this.#process(commit);
      }
    }
  }

  async #remove(leaves: readonly number[]): Promise<void> {
    await this.#commit((group) => {
      const present = new Set([...this.#options.host.participants()].map(({ deviceId }) => deviceId));
      const removes = leaves.filter((leaf) => {
        const member = group.members.get(leaf);
        return member && !present.has(member.deviceId) && leaf !== group.ownLeaf;
      });
      return removes.length > 0 ? { removes } : undefined;
    });
    this.#watch.check();
  }

  /** Offers a change until it is accepted, or no longer needed. */
  async #commit(change: (group: RoomGroup) => Parameters<RoomGroup['commit']>[0] | undefined): Promise<void> {
    for (let group = this.#group; group; group = this.#group) {
      const wanted = change(group);
      if (!wanted) {
        return;
      }
      const offered = await group.commit(wanted).catch(() => undefined);
      const answer = offered && (await this.#offer(offered).catch(ifRefused));
      if (!offered || !answer) {
        // It is not, or no longer, permitted: others may have done it, or the server does not agree about who is present.
        return;
      }
      if (answer.outcome === 'accepted') {
        return this.#adopt(offered.next);
      }
      await this.#catchUp();
      if (wanted.adds) {
        // Another member may have added them: the server asks again for whoever still waits.
        return;
      }
    }
  }

  async #offer({ next, commit, welcome }: OfferedEpoch): Promise<RequestResult<'encryption.commit'>> {
    return this.#options.host.request('encryption.commit', {
      commit: toBase64(commit),
      groupInfo: toBase64(await next.groupInfo()),
      ...(welcome && { welcome: toBase64(welcome) }),
    });
  }

  /** Compares somebody's epoch with this device's. Heads of epochs to come are looked at again when they begin. */
  async #compare({ participantId, epoch, digest, signature }: EventData<'encryption.head'>): Promise<void> {
    const group = this.#group;
    const [participant] = [...this.#options.host.participants()].filter(
      (each) => each.participantId === participantId,
    );
    const sender = [...(group?.members.values() ?? [])].find(
      ({ deviceId }) => deviceId === participant?.deviceId,
    );
    if (!group || !sender || BigInt(epoch) < group.epoch) {
      // Whoever has no keys is another alarm.
      return;
    }
    const { deviceId, key } = sender;
    const statement = groupHeadStatement({ groupId: toHex(group.groupId), epoch, digest, deviceId });
    if (!(await statementMatches(key, statement, fromBase64Url(signature)))) {
      // Of the group before this one, perhaps; or forged by the server.
      return;
    }
    if (BigInt(epoch) > group.epoch) {
      this.#behind ??= setTimeout(() => this.#alarm({ kind: 'withheld', deviceId }), this.#patience.behindMs);
    } else if (digest !== (await group.headDigest())) {
      this.#alarm({ kind: 'fork', deviceId });
    }
  }

  #scheduleHead(afterMs: number): void {
    clearTimeout(this.#head);
    this.#head = setTimeout(() => {
      this.#scheduleHead(HEAD_MS);
      this.#step(async () => {
        const group = this.#group;
        if (group) {
          const head = { epoch: Number(group.epoch), digest: await group.headDigest() };
          const signature = await this.#options.identity.signGroupHead({
            groupId: toHex(group.groupId),
            ...head,
          });
          await this.#options.host.request('encryption.head', { ...head, signature });
        }
      });
    }, afterMs);
  }

  #alarm(alarm: EncryptionAlarm): void {
    const key = `${alarm.kind} ${alarm.deviceId ?? ''}`;
    if (!this.#closed && !this.#alarms.has(key)) {
      this.#alarms.set(key, alarm);
      this.#options.host.changed(this.state);
    }
  }
}

/** A refusal of the server; anything else is thrown. */
function ifRefused(cause: unknown): undefined {
  const error = CanopyError.from(cause);
  if (error.code !== 'ENCRYPTION_INVALID') {
    throw error;
  }
}
