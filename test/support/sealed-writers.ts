// biome-ignore lint/plugin: the types of what is written
import type { ChatMessage } from '../../client/sdk/chat/chat-messages.ts';
// biome-ignore lint/plugin: the types of what is written
import type { MessageContent, ReactionContent } from '../../client/sdk/chat/sealed/message-content.ts';
// biome-ignore lint/plugin: pages load it late, so it is no part of the face
import { ContentCipher, type ContentEpoch } from '../../client/sdk/encryption/content/index.ts';
// biome-ignore lint/plugin: created by the room's encryption alone
import { RoomContent } from '../../client/sdk/encryption/room-content.ts';
import { contentStatement } from '../../contract/light.ts';
import { TestDeployment, type TestDevice } from './encrypted-devices.ts';
import { RoomGroup } from './room-groups.ts';

const SCOPE = 'room team';

/** Members of a room's group who write what the test then delivers, as the server would. All write in one epoch. */
export class SealedWriters {
  readonly list: readonly SealedWriter[];
  readonly epoch: ContentEpoch;
  readonly #deployment: TestDeployment;

  static async create(...names: string[]): Promise<SealedWriters> {
    const deployment = await TestDeployment.create();
    const devices: Array<{ device: TestDevice; deviceId: string }> = [];
    let group: RoomGroup | undefined;
    for (const name of names) {
      const device = await deployment.device(name);
      const member = await deployment.member({ roomId: 'team', policy: 'required', authorities: [] }, device);
      group = group
        ? await RoomGroup.joinExternally(member, {
            ...{ groupInfo: await group.groupInfo(), tree: group.tree, epoch: Number(group.epoch) },
          }).then(({ next }) => next)
        : await RoomGroup.create(member);
      devices.push({ device, deviceId: member.deviceId });
    }
    if (!group) {
      throw new Error('nobody writes');
    }
    return new SealedWriters(deployment, await group.contentEpoch(), devices);
  }

  private constructor(
    deployment: TestDeployment,
    epoch: ContentEpoch,
    devices: ReadonlyArray<{ device: TestDevice; deviceId: string }>,
  ) {
    this.#deployment = deployment;
    this.epoch = epoch;
    this.list = devices.map(({ device, deviceId }) => new SealedWriter(device, deviceId, epoch));
  }

  /**
   * What opens content, and the devices that its alarms name.
   *
   * @param as who reads; default: one more member, who writes nothing
   * @param hasKeys default: from the beginning
   */
  reader({ as, hasKeys = true }: { as?: SealedWriter; hasKeys?: boolean } = {}): {
    content: RoomContent;
    alarms: Array<string | undefined>;
  } {
    const alarms: Array<string | undefined> = [];
    const content = new RoomContent({
      alarm: ({ deviceId }) => alarms.push(deviceId),
      settled: async () => {},
    });
    const nobody = { deviceId: '', signContent: async () => '' };
    content.begin(as?.cipher ?? new ContentCipher({ scope: SCOPE, identity: nobody }));
    if (hasKeys) {
      content.setEpoch(as?.epoch ?? this.epoch);
    }
    return { content, alarms };
  }

  close(): Promise<void> {
    return this.#deployment.close();
  }
}

export class SealedWriter {
  readonly accountId: string;
  readonly deviceId: string;
  /** What encrypts as this member. */
  readonly cipher: ContentCipher;
  /** The epoch as this member has it. */
  readonly epoch: ContentEpoch;

  constructor({ accountId, deviceKey }: TestDevice, deviceId: string, epoch: ContentEpoch) {
    this.accountId = accountId;
    this.deviceId = deviceId;
    const signContent = async (statement: Omit<Parameters<typeof contentStatement>[0], 'deviceId'>) => {
      const signed = contentStatement({ ...statement, deviceId });
      const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, deviceKey, signed);
      return Buffer.from(signature).toString('base64url');
    };
    this.cipher = new ContentCipher({ scope: SCOPE, identity: { deviceId, signContent } });
    const [ownLeaf = 0] = [...epoch.members].find(([, member]) => member.deviceId === deviceId) ?? [];
    this.epoch = { ...epoch, ownLeaf };
    this.cipher.setEpoch(this.epoch);
  }

  /** A message as the server would deliver it. */
  async message(
    seq: number,
    text: string,
    more: Partial<MessageContent> = {},
    id = `message-${seq}`,
  ): Promise<ChatMessage> {
    const content = { text, mentions: [], files: [], version: 0, ...more };
    const kind = content.version === 0 ? 'message' : 'edit';
    return {
      ...{ seq, rev: seq, id, sentAtMs: 1, text: '', mentions: [], reactions: [] },
      author: { accountId: this.accountId, participantId: crypto.randomUUID(), displayName: 'Somebody' },
      sealed: await this.cipher.seal(kind, id, content),
      ...(kind === 'edit' && { editedAtMs: 2 }),
    };
  }

  /** Emoji on a message as the server would deliver them. */
  async reaction(
    { id, author }: ChatMessage,
    emoji: string[],
    version = 1,
  ): Promise<NonNullable<ChatMessage['sealedReactions']>[number]> {
    const { accountId } = this;
    const content: ReactionContent = { emoji, author: author?.accountId ?? '', version };
    return { accountId, sealed: await this.cipher.seal('reaction', `${id} ${accountId}`, content) };
  }
}
