import type {
  EventData,
  Participant,
  RequestInput,
  RequestName,
  RequestResult,
  SnapshotPart,
} from '../../../../contract/index.ts';
import { CanopyError, groupHeadStatement } from '../../../../contract/light.ts';
import { refuse } from '../../../../contract/mls/index.ts';
import { statementMatches } from '../../../../contract/x509/index.ts';
import { fromBase64, fromBase64Url, toBase64, toHex } from '../../bytes.ts';
import type { Identity } from '../../identity/index.ts';
import type { ContentEpoch } from '../content/index.ts';
import { type EncryptionAlarm, type EncryptionState, failureAlarm } from '../encryption-state.ts';
import type { FrameEncryption } from '../frame-encryption.ts';
import type { GroupMember, OwnKeyPackage } from './group-member.ts';
import { GroupWatch } from './group-watch.ts';
import { RevokedMembers } from './revoked-members.ts';
import { type OfferedEpoch, RoomGroup } from './room-group.ts';

export interface GroupSessionHost {
  request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>>;
  /** The server's roster. */
  participants(): Iterable<Participant>;
  changed(state: EncryptionState): void;
  /** A new epoch, for messages and files. Undefined: this device has no part in them, so that no secret is derived. */
  content: ((epoch: ContentEpoch) => void) | undefined;
}

export interface GroupSessionOptions {
  member: GroupMember;
  identity: Identity;
  frames: FrameEncryption;
  host: GroupSessionHost;
  patience?: Patience;
}

/** All in milliseconds. */
interface Patience {
  /** How long others may be ahead before that is an alarm. Default 5 s. */
  behindMs: number;
  /** How long the rosters may differ before that is an alarm. Default 10 s. */
  rosterMs: number;
  /** How long this device tries to get into the group before it says that it cannot. Default 10 s. */
  stuckMs: number;
  /** The longest first pause before this device rejoins after it refused something. Default 1 s. */
  pauseMs: number;
}

/** How long to wait for being added by a member before joining alone, in milliseconds. */
const WELCOME_MS = 3000;
/** After so many commits that came too late, the next attempt waits as after a refusal. */
const MAX_ATTEMPTS = 20;
/** The longest pause after commits that came too late, in milliseconds: the first, and any. */
const FIRST_LATE_MS = 20;
const MAX_LATE_MS = 2000;
/** After a temporary failure, in milliseconds. */
const RETRY_MS = 1000;
const PATIENCE: Patience = { behindMs: 5000, rosterMs: 10_000, stuckMs: 10_000, pauseMs: 1000 };
/** The longest pause before this device rejoins, and the time without trouble after which pauses are short again, in milliseconds. */
const MAX_PAUSE_MS = 30_000;
const CALM_MS = 60_000;
/** Heads of epochs that are further ahead are not believed: somebody makes them up. */
const MAX_EPOCHS_AHEAD = 256n;
/** How often each member says in which epoch it is, and how soon after a change, in milliseconds. */
const HEAD_MS = 20_000;
const NEW_HEAD_MS = 500;

type Committed = EventData<'encryption.committed'>;
type Welcome = EventData<'encryption.welcome'>;
/** What a commit should change in a group; undefined: nothing. */
type Change = (group: RoomGroup) => Parameters<RoomGroup['commit']>[0] | undefined;

/**
 * A device's stay in a room's group: creates or joins it, follows the commits in the room's log, adds who waits, takes out who left, and gives
 * each epoch's keys to the encryption of media. One step at a time.
 */
export class GroupSession {
  readonly #options: GroupSessionOptions;
  readonly #patience: Patience;
  readonly #watch: GroupWatch;
  readonly #revoked: RevokedMembers;
  readonly #alarms = new Map<string, EncryptionAlarm>();
  /** The commits of this group that the log brought, by epoch. */
  readonly #logged = new Map<number, string>();
  /** The latest head of each participant. */
  readonly #heads = new Map<string, EventData<'encryption.head'>>();
  /** The last epoch of each group that this device was in. */
  readonly #last = new Map<string, bigint>();
  /** How often something was refused lately, and when last. */
  readonly #trouble = { count: 0, atMs: Number.NEGATIVE_INFINITY };
  /** Since when this device has not been able to use the group, by performance.now(). */
  #stuckSinceMs: number | undefined;
  /** The group that it tried to get into last. */
  #tried: string | undefined;
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
      isRevoked: (deviceId) => this.#revoked.isRevoked(deviceId),
      alarm: (alarm) => this.#alarm(alarm),
      patienceMs: this.#patience.rosterMs,
    });
    this.#revoked = new RevokedMembers({
      judge: options.member.judge,
      ask: (request) => options.host.request('encryption.revocations', request),
      alarm: (alarm) => this.#alarm(alarm),
      found: (group) => this.#step(() => this.#exclude(group)),
      stays: () => this.#step(async () => this.#end()),
      patienceMs: this.#patience.rosterMs,
    });
  }

  get state(): EncryptionState {
    return {
      state: this.#state,
      members: [...(this.#group?.members ?? [])].map(([leaf, { deviceId, name, accountId, isGateway }]) => ({
        ...{ leaf, deviceId, name, accountId, isGateway },
      })),
      code: this.#code,
      isGroupNew: this.#last.size > 1,
      alarms: [...this.#alarms.values()],
    };
  }

  /** The room was entered or re-entered. Missed commits have come from the log, unless it no longer has them. */
  entered({ group }: SnapshotPart<'encryption'>): void {
    this.#step(async () => {
      const own = this.#group;
      if (this.#state !== 'ready' || !own || group?.groupId !== toHex(own.groupId)) {
        await this.#join();
      } else if (BigInt(group.epoch) > own.epoch) {
        await this.#catchUp();
      }
      this.#watch.check();
    });
  }

  /** The group was created, or created again after the last member had left. */
  created({ groupId }: { groupId: string }): void {
    this.#step(async () => {
      const group = this.#ready;
      if (!group || toHex(group.groupId) !== groupId) {
        await this.#replaced(group);
      }
    });
  }

  /** Nobody could use the group, says the server. */
  ended({ groupId }: { groupId: string }): void {
    this.#step(async () => {
      const group = this.#ready;
      if (!group || toHex(group.groupId) === groupId) {
        await this.#replaced(group);
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
    this.#step(() =>
      this.#commit((group) => {
        const adds = group.addable(keyPackages.map(fromBase64));
        return adds.length > 0 ? { adds } : undefined;
      }),
    );
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

  /** Somebody was revoked. */
  revoked(): void {
    this.#revoked.refresh();
  }

  /** Resolves once it has done everything that it has been told so far: until then, there may be newer keys. */
  settled(): Promise<void> {
    return this.#steps;
  }

  /** Something else than the group's messages is wrong. */
  report(alarm: EncryptionAlarm): void {
    this.#alarm(alarm);
  }

  close(): void {
    this.#closed = true;
    this.#watch.close();
    this.#revoked.close();
    clearTimeout(this.#head);
    clearTimeout(this.#behind);
    clearTimeout(this.#retry);
    this.#group = undefined;
  }

  /** @param group the one that this device can use, which the server ends nevertheless */
  async #replaced(group: RoomGroup | undefined): Promise<void> {
    if (group) {
      this.#alarm({ kind: 'replaced', detail: 'the server ended a group that worked' });
    }
    await this.#join();
  }

  /** Every change of the state goes through here, so that everyone who shows it hears of it. */
  #setState(state: EncryptionState['state']): void {
    if (!this.#closed) {
      this.#state = state;
      this.#options.host.changed(this.state);
    }
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
      this.#retryAfter(RETRY_MS);
      return;
    }
    this.#alarm(failureAlarm(error));
    if (isOfOthers(error)) {
      this.#joinLater();
      return;
    }
    this.#end();
  }

  /** Without keys, nothing is sent or received any more. */
  #end(): void {
    this.#options.frames.close();
    this.#setState('failed');
  }

  #retryAfter(ms: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#step(() => this.#ensure()), ms);
  }

  /** What others sent cannot be used. Not all devices that see this come back at once, and none more often than it helps. */
  #joinLater(): void {
    const trouble = this.#trouble;
    const nowMs = performance.now();
    trouble.count = nowMs - trouble.atMs > CALM_MS ? 0 : trouble.count + 1;
    trouble.atMs = nowMs;
    this.#stuckSinceMs ??= nowMs;
    if (nowMs - this.#stuckSinceMs >= this.#patience.stuckMs && this.#tried !== undefined) {
      this.#options.host.request('encryption.stuck', { groupId: this.#tried }).catch(() => {});
    }
    this.#setState('joining');
    this.#retryAfter(randomPauseMs(this.#patience.pauseMs, trouble.count, MAX_PAUSE_MS));
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
    const { member, identity } = this.#options;
    member.renew(identity.chain);
    clearTimeout(this.#retry);
    this.#setState('joining');
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
        this.#tried = answer.groupId;
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
        const group = sent && (await this.#accept(own, sent));
        if (group) {
          return this.#adopt(group);
        }
        alone = true;
        continue;
      }
      await sleep(randomPauseMs(FIRST_LATE_MS, attempt, MAX_LATE_MS));
    }
    throw new CanopyError('ENCRYPTION_STALE', 'the group could not be joined');
  }

  /** Undefined: the Welcome or its tree cannot be used, so that this device has to go in alone. */
  async #accept(own: OwnKeyPackage, { welcome, tree }: Welcome): Promise<RoomGroup | undefined> {
    try {
      return await RoomGroup.joinByWelcome(this.#options.member, own, {
        welcome: fromBase64(welcome),
        tree: fromBase64(tree),
      });
    } catch (cause) {
      this.#alarm(failureAlarm(cause));
      return undefined;
    }
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
    const groupId = toHex(group.groupId);
    const last = this.#last.get(groupId);
    if (last !== undefined && group.epoch <= last) {
      refuse(`epoch ${group.epoch} again, after epoch ${last}`);
    }
    const [keys, code, content] = await Promise.all([
      group.epochKeys(this.#revoked.devices),
      group.code(),
      this.#options.host.content && group.contentEpoch(),
    ]);
    if (this.#closed) {
      return;
    }
    this.#last.set(groupId, group.epoch);
    this.#stuckSinceMs = undefined;
    this.#group = group;
    this.#code = code;
    clearTimeout(this.#behind);
    this.#behind = undefined;
    this.#options.frames.setEpoch(keys);
    if (content) {
      this.#options.host.content?.(content);
    }
    this.#setState('ready');
    this.#scheduleHead(NEW_HEAD_MS);
    this.#watch.check(group);
    for (const { deviceId, outdated } of group.members.values()) {
      if (outdated) {
        this.#alarm({ kind: 'expired', deviceId });
      }
    }
    await this.#revoked.check(group);
    for (const head of this.#heads.values()) {
      await this.#compare(head);
    }
  }

  /** Applies a commit of the log, unless this device has it already: it made it, or was brought it with a refusal. */
  async #apply({ groupId, epoch, commit }: Omit<Committed, 'log'>): Promise<void> {
    const group = this.#ready;
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

  /** The group, unless this device is about to rejoin. */
  get #ready(): RoomGroup | undefined {
    return this.#state === 'ready' ? this.#group : undefined;
  }

  async #process(commit: string): Promise<void> {
    const group = this.#ready;
    if (!group) {
      return;
    }
    let next: RoomGroup;
    try {
      next = await group.process(fromBase64(commit));
    } catch (cause) {
      const { code, detail = '' } = CanopyError.from(cause);
      const deviceId = await group.committerOf(fromBase64(commit));
      this.#alarm({ kind: 'forged', deviceId, detail: `${code} ${detail}` });
      // The others may have taken it: only a new start shows.
      this.#joinLater();
      return;
    }
    await this.#adopt(next);
  }

  /** Gets commits that are missing; if they are gone, joins again. */
  async #catchUp(): Promise<void> {
    const group = this.#ready;
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
      if (BigInt(epoch) === this.#ready?.epoch) {
        await this.#process(commit);
      }
    }
  }

  /** Drops the frames of whoever is revoked, and takes them out. */
  async #exclude(group: RoomGroup): Promise<void> {
    if (group === this.#group) {
      this.#options.frames.setEpoch(await group.epochKeys(this.#revoked.devices));
      this.#watch.check(group);
    }
  }

  async #remove(leaves: readonly number[]): Promise<void> {
    await this.#commit((group) => {
      const present = new Set([...this.#options.host.participants()].map(({ deviceId }) => deviceId));
      const removes = leaves.filter((leaf) => {
        const member = group.members.get(leaf);
        const isOut = member && (!present.has(member.deviceId) || this.#revoked.isRevoked(member.deviceId));
        return isOut && leaf !== group.ownLeaf;
      });
      return removes.length > 0 ? { removes } : undefined;
    });
    this.#watch.check();
  }

  /** Offers a change until it is accepted, or no longer needed. */
  async #commit(change: Change): Promise<void> {
    for (let group = this.#ready; group; group = this.#ready) {
      const offered = await makeCommit(group, change).catch(() => undefined);
      const answer = offered && (await this.#offer(offered).catch(ifRefused));
      if (!offered || !answer) {
        // Not, or no longer, needed or permitted: others may have done it, or the server does not agree about who is present.
        return;
      }
      if (answer.outcome === 'accepted') {
        return this.#adopt(offered.next);
      }
      await this.#catchUp();
      if (offered.welcome) {
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
  async #compare(head: EventData<'encryption.head'>): Promise<void> {
    try {
      await this.#compareGenuine(head);
    } catch {
      // It cannot be read: no more than one with a wrong signature.
    }
  }

  async #compareGenuine({
    participantId,
    epoch,
    digest,
    signature,
  }: EventData<'encryption.head'>): Promise<void> {
    const group = this.#group;
    const [participant] = [...this.#options.host.participants()].filter(
      (each) => each.participantId === participantId,
    );
    const sender = [...(group?.members.values() ?? [])].find(
      ({ deviceId }) => deviceId === participant?.deviceId,
    );
    if (!group || !sender || BigInt(epoch) < group.epoch || BigInt(epoch) > group.epoch + MAX_EPOCHS_AHEAD) {
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

  /** Rejoins with a certificate that was renewed meanwhile, once there are others: they take it instead of the former one. */
  async #renewLeaf(): Promise<void> {
    const { member, identity } = this.#options;
    const others = (this.#ready?.members.size ?? 0) - 1;
    if (others > 0 && member.renew(identity.chain)) {
      await this.#join();
    }
  }

  #scheduleHead(afterMs: number): void {
    clearTimeout(this.#head);
    this.#head = setTimeout(() => {
      this.#scheduleHead(HEAD_MS);
      this.#step(async () => {
        await this.#renewLeaf();
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

async function makeCommit(group: RoomGroup, change: Change): Promise<OfferedEpoch | undefined> {
  const wanted = change(group);
  return wanted && group.commit(wanted);
}

/** Whether the cause is what others sent, which may be better next time. */
function isOfOthers({ code }: CanopyError): boolean {
  return code === 'ENCRYPTION_INVALID' || code === 'ENCRYPTION_STALE' || code.startsWith('CERT_');
}

/** A random pause, of at most `firstMs` before the first attempt (0), and twice as long before each further one. */
function randomPauseMs(firstMs: number, attempt: number, maxMs: number): number {
  return Math.random() * Math.min(maxMs, firstMs * 2 ** attempt);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A refusal of the server; anything else is thrown. */
function ifRefused(cause: unknown): undefined {
  const error = CanopyError.from(cause);
  if (error.code !== 'ENCRYPTION_INVALID') {
    throw error;
  }
}
