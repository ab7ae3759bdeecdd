// biome-ignore lint/plugin: the group alone: it is no part of the SDK's face, so that pages load it late
import * as groups from '../../client/sdk/encryption/group/index.ts';
import type { Identity } from '../../client/sdk/index.ts';
import { type GroupRoom, type Handshake, readCommit } from '../../contract/mls/index.ts';

/** Any authority will do: members are judged by the CA that they pinned. */
const ROOM: GroupRoom = { roomId: 'sizes', policy: 'required', authorities: ['0'.repeat(64)] };

/** What the server knows of a group, and what it does with a commit. */
export interface GroupOnServer {
  after(commit: Handshake, by: { groupInfo: Uint8Array; device: ServerDevice }): Promise<GroupOnServer>;
}

/** A device that has signed in: its certificates are DER, leaf first. */
interface ServerDevice {
  deviceId: string;
  accountId: string;
  chain: readonly Uint8Array[];
  /** Judges a renewed chain: not needed here. */
  verify(): Promise<never>;
}

export type CreateOnServer = (
  room: GroupRoom,
  founder: { groupInfo: Uint8Array; tree: Uint8Array; device: ServerDevice },
) => Promise<GroupOnServer>;

/** As many as the server asks a member to add at once. */
const MAX_AT_ONCE = 40;

/** Sizes in bytes; CPU in milliseconds, all threads of the process. */
export interface GroupCosts {
  members: number;
  groupInfoBytes: number;
  treeBytes: number;
  /** The last one joins by a commit of its own. */
  joinBytes: number;
  /** For the newcomer, who checks everyone's certificates; and for each member that follows. */
  joinCpuMs: number;
  followCpuMs: number;
  /** For the server, which checks the newcomer's commit. */
  serverCpuMs: number;
  /** A member takes somebody out. */
  removalBytes: number;
  removalCpuMs: number;
  /** The same number of people come at once, and a member adds them, up to 40 with a commit. Of the largest commit. */
  addedAtOnce: number;
  addBytes: number;
  welcomeBytes: number;
  addCpuMs: number;
  /** For each of those who are added. */
  welcomeCpuMs: number;
}

interface Timed<T> {
  result: T;
  cpuMs: number;
}

async function timed<T>(run: () => Promise<T>): Promise<Timed<T>> {
  const before = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(before);
  return { result, cpuMs: (user + system) / 1000 };
}

/** Measures groups of bare clients, without media and without a server, at each of some sizes. */
export async function groupCosts(
  identities: readonly Identity[],
  sizes: readonly number[],
  createOnServer: CreateOnServer,
): Promise<GroupCosts[]> {
  const costs: GroupCosts[] = [];
  // Once before anything counts, so that the code is compiled.
  await comeAtOnce(await Promise.all(identities.slice(0, 8).map(memberOf)));
  await comeOneByOne(identities.slice(0, 8), [8], createOnServer);
  const oneByOne = await comeOneByOne(identities, sizes, createOnServer);
  for (const [i, size] of sizes.entries()) {
    const atOnce = await comeAtOnce(await Promise.all(identities.slice(0, size).map(memberOf)));
    costs.push({ members: size, ...(oneByOne[i] as OneByOne), ...atOnce });
  }
  return costs;
}

function memberOf(identity: Identity): Promise<groups.GroupMember> {
  return groups.GroupMember.create({
    chain: identity.chain,
    deviceKey: identity.stored.deviceKey,
    room: ROOM,
    judge: new groups.CredentialJudge({
      deploymentCa: identity.deploymentCa,
      companyCas: identity.companyCas,
    }),
  });
}

function deviceOf({ deviceId }: groups.GroupMember, { chain }: Identity): ServerDevice {
  const ders = chain.map((der) => new Uint8Array(Buffer.from(der, 'base64')));
  const verify = () => Promise.reject(new TypeError('no certificate is renewed'));
  return { deviceId, accountId: '', chain: ders, verify };
}

type OneByOne = Omit<
  GroupCosts,
  'members' | 'addedAtOnce' | 'addBytes' | 'welcomeBytes' | 'addCpuMs' | 'welcomeCpuMs'
>;

async function comeOneByOne(
  identities: readonly Identity[],
  sizes: readonly number[],
  createOnServer: CreateOnServer,
): Promise<OneByOne[]> {
  const costs: OneByOne[] = [];
  const [first, ...others] = identities as [Identity, ...Identity[]];
  const founding = await memberOf(first);
  let founder = await groups.RoomGroup.create(founding);
  let onServer = await createOnServer(ROOM, {
    groupInfo: await founder.groupInfo(),
    tree: founder.tree,
    device: deviceOf(founding, first),
  });
  for (const [i, identity] of others.entries()) {
    const [size, member] = [i + 2, await memberOf(identity)];
    const device = deviceOf(member, identity);
    const offer = { groupInfo: await founder.groupInfo(), tree: founder.tree, epoch: Number(founder.epoch) };
    const joined = await timed(async () => {
      const { commit, next } = await groups.RoomGroup.joinExternally(member, offer);
      return { commit, groupInfo: await next.groupInfo() };
    });
    const { commit, groupInfo } = joined.result;
    const checked = await timed(() => onServer.after(readCommit(commit), { groupInfo, device }));
    onServer = checked.result;
    const followed = await timed(() => follow(founder, commit));
    founder = followed.result;
    if (sizes.includes(size)) {
      const removal = await timed(() => founder.commit({ removes: [size - 1] }));
      costs.push({
        groupInfoBytes: groupInfo.length,
        treeBytes: founder.tree.length,
        joinBytes: commit.length,
        joinCpuMs: joined.cpuMs,
        followCpuMs: followed.cpuMs,
        serverCpuMs: checked.cpuMs,
        removalBytes: removal.result.commit.length,
        removalCpuMs: removal.cpuMs,
      });
    }
  }
  return costs;
}

async function comeAtOnce(
  members: readonly groups.GroupMember[],
): Promise<Pick<GroupCosts, 'addedAtOnce' | 'addBytes' | 'welcomeBytes' | 'addCpuMs' | 'welcomeCpuMs'>> {
  const [first, ...others] = members;
  let founder = await groups.RoomGroup.create(first as groups.GroupMember);
  let largest = { addedAtOnce: 0, addBytes: 0, welcomeBytes: 0, addCpuMs: 0, welcomeCpuMs: 0 };
  while (others.length > 0) {
    const wanted = await Promise.all(
      others.slice(0, MAX_AT_ONCE).map(async (member) => ({ member, own: await member.newKeyPackage() })),
    );
    const adds = founder.addable(wanted.map(({ own }) => own.message));
    const added = await timed<groups.OfferedEpoch>(() => founder.commit({ adds }));
    const { commit, welcome = new Uint8Array(), next } = added.result;
    next.adopt();
    founder = next;
    const { tree } = next;
    const [last] = wanted.slice(adds.length - 1, adds.length);
    const joined =
      last && (await timed(() => groups.RoomGroup.joinByWelcome(last.member, last.own, { welcome, tree })));
    others.splice(0, adds.length);
    if (commit.length > largest.addBytes) {
      largest = {
        addedAtOnce: adds.length,
        addBytes: commit.length,
        welcomeBytes: welcome.length,
        addCpuMs: added.cpuMs,
        welcomeCpuMs: joined?.cpuMs ?? 0,
      };
    }
  }
  return largest;
}

async function follow(group: groups.RoomGroup, commit: Uint8Array): Promise<groups.RoomGroup> {
  const next = await group.process(commit);
  next.adopt();
  return next;
}
