import assert from 'node:assert/strict';
import type { Identity } from '../../client/sdk/index.ts';
import type { EncryptionPolicy, RequestResult } from '../../contract/index.ts';
import { ProtocolClient } from './protocol-client.ts';
import {
  CredentialJudge,
  GroupMember,
  type OfferedEpoch,
  type OwnKeyPackage,
  RoomGroup,
} from './room-groups.ts';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
export const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

/** A device in an encrypted room that speaks the protocol by hand, with a real group. */
export class EncryptedSeat {
  readonly client: ProtocolClient;
  readonly member: GroupMember;
  readonly joined: RequestResult<'room.join'>;
  /** The epoch in which it is; undefined before it is in the group. */
  group: RoomGroup | undefined;

  /** @param other `member`: what it brings to the group instead of its identity's certificates; `policy`: default `required` */
  static async take(
    url: string,
    identity: Identity,
    roomId: string,
    { member: other, policy = 'required' }: { member?: GroupMember; policy?: EncryptionPolicy } = {},
  ): Promise<EncryptedSeat> {
    const client = await ProtocolClient.enter(url, identity);
    const joined = await client.get('room.join', { roomId, encrypts: true });
    const member =
      other ??
      (await GroupMember.create({
        chain: identity.chain,
        deviceKey: identity.stored.deviceKey,
        room: { roomId, policy, authorities: joined.parts.encryption.authorities ?? [] },
        judge: new CredentialJudge({
          deploymentCa: identity.deploymentCa,
          companyCas: identity.companyCas,
          authorities: joined.parts.encryption.authorities ?? [],
        }),
      }));
    return new EncryptedSeat(client, member, joined);
  }

  private constructor(client: ProtocolClient, member: GroupMember, joined: RequestResult<'room.join'>) {
    this.client = client;
    this.member = member;
    this.joined = joined;
  }

  get current(): RoomGroup {
    assert.ok(this.group);
    return this.group;
  }

  async create(): Promise<string> {
    const group = await RoomGroup.create(this.member);
    const { outcome } = await this.client.get('encryption.create', {
      groupInfo: base64(await group.groupInfo()),
      tree: base64(group.tree),
    });
    if (outcome === 'accepted') {
      this.group = group;
    }
    return outcome;
  }

  /** An external commit from what the server hands out. */
  async prepare(): Promise<OfferedEpoch> {
    const own = await this.member.newKeyPackage();
    const answer = await this.client.get('encryption.join', { keyPackage: base64(own.message), alone: true });
    assert.equal(answer.way, 'commit');
    return RoomGroup.joinExternally(this.member, {
      groupInfo: bytesOf(answer.groupInfo),
      tree: bytesOf(answer.tree),
      epoch: answer.epoch,
    });
  }

  /** Offers an epoch; takes it if the server accepts it. */
  async offer({ next, commit, welcome }: OfferedEpoch): Promise<RequestResult<'encryption.commit'>> {
    const answer = await this.client.get('encryption.commit', await this.request({ next, commit, welcome }));
    if (answer.outcome === 'accepted') {
      this.group = next;
    }
    return answer;
  }

  async request({ next, commit, welcome }: OfferedEpoch) {
    return {
      commit: base64(commit),
      groupInfo: base64(await next.groupInfo()),
      ...(welcome && { welcome: base64(welcome) }),
    };
  }

  /** Joins the group, or creates it if there is none. */
  async enterGroup(): Promise<this> {
    if (this.joined.parts.encryption.group === null && (await this.create()) === 'accepted') {
      return this;
    }
    while ((await this.offer(await this.prepare())).outcome === 'late') {
      // Somebody else came first.
    }
    return this;
  }

  /** Joins by the Welcome of the member that added this key package. */
  async beWelcome(own: OwnKeyPackage): Promise<void> {
    const { welcome, tree } = await this.client.event('encryption.welcome');
    this.group = await RoomGroup.joinByWelcome(this.member, own, {
      welcome: bytesOf(welcome),
      tree: bytesOf(tree),
    });
  }

  /** Follows the others' commits until this epoch. */
  async follow(epoch: bigint): Promise<RoomGroup> {
    while (this.current.epoch < epoch) {
      const now = Number(this.current.epoch);
      const { commit } = await this.client.event('encryption.committed', (each) => each.epoch === now);
      this.group = await this.current.process(bytesOf(commit));
      this.group.adopt();
    }
    return this.current;
  }

  async leave(): Promise<void> {
    await this.client.get('room.leave', {});
    this.client.close();
  }
}
