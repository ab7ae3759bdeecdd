import { CanopyError, type Config } from '../base/index.ts';
import {
  type OperatorAnswer,
  type OperatorRoute,
  type PathValues,
  type QueryValues,
  requestTo,
} from '../contract/index.ts';
import { byId, listAccounts, requireYes } from './accounts.ts';
import { OwnApi } from './own-api.ts';
import { time } from './text.ts';

/** How many digits of an id are listed. */
const SHORT_ID = 8;

export interface AdminOptions {
  url?: string;
  json?: boolean;
  yes?: boolean;
}

type Answer<R extends OperatorRoute> = OperatorAnswer<R>;
type Room = Answer<'GET /api/rooms'>['rooms'][number];

/** The operator's API of a running server, by its routes. */
class Routes {
  readonly api: OwnApi;

  constructor(api: OwnApi) {
    this.api = api;
  }

  async call<R extends OperatorRoute>(
    route: R,
    { body, ...where }: { params?: PathValues; query?: QueryValues; body?: unknown } = {},
  ): Promise<Answer<R>> {
    const { method, path } = requestTo(route, where);
    return (await this.api.call(method as 'GET' | 'POST' | 'DELETE', path, body)) as Answer<R>;
  }
}

/** What a command that lists something prints, as text or as JSON. */
interface Listing {
  json: unknown;
  lines: string[];
  /** In place of no lines. */
  none: string;
}

const LISTS = {
  status: async (routes) => {
    const status = await routes.call('GET /api/status');
    return { json: status, lines: statusLines(status), none: '' };
  },
  rooms: async (routes) => {
    const { rooms } = await routes.call('GET /api/rooms');
    return { json: rooms, lines: rooms.flatMap(roomLines), none: 'No room is open.' };
  },
  allocation: async (routes, [roomId = '']) => {
    const [allocation, { rooms }] = await Promise.all([
      routes.call('GET /api/rooms/:roomId/allocation', { params: { roomId } }),
      routes.call('GET /api/rooms'),
    ]);
    const room = rooms.find((each) => each.roomId === allocation.roomId);
    return { json: allocation, lines: allocationLines(allocation, room), none: 'Nobody receives media.' };
  },
  calls: async (routes) => {
    const [{ calls: active }, { calls: past }] = await Promise.all([
      routes.call('GET /api/sip/calls', { query: { active: true, limit: 1000 } }),
      routes.call('GET /api/sip/calls', { query: { active: false } }),
    ]);
    const calls = [...active, ...past];
    return { json: calls, lines: calls.map(callLine), none: 'There are no calls.' };
  },
  recordings: async (routes) => {
    const { recordings } = await routes.call('GET /api/recordings', { query: { limit: 1000 } });
    const lines = recordings.map(({ recordingId, roomId, status, startedAtMs, durationMs, bytes }) =>
      line(
        recordingId.slice(0, SHORT_ID),
        `room ${roomId}`,
        time(startedAtMs),
        `${Math.round(durationMs / 1000)} s`,
        size(bytes),
        status === 'ended' ? undefined : status,
      ),
    );
    return { json: recordings, lines, none: 'Nothing has been recorded.' };
  },
  phones: async (routes) => {
    const { phones } = await routes.call('GET /api/sip/phones');
    const lines = phones.map(({ username, displayName, accountId }) =>
      line(username, displayName, accountId && `account ${accountId.slice(0, SHORT_ID)}`),
    );
    return { json: phones, lines, none: 'There are no phones.' };
  },
  trunks: async (routes) => {
    const { trunks } = await routes.call('GET /api/sip/trunks');
    const lines = trunks.map(({ name, uri, registration }) =>
      line(name, uri, registration?.state, registration?.lastFailure?.reason),
    );
    return { json: trunks, lines, none: 'There are no trunks.' };
  },
  invitations: async (routes) => {
    const { invitations } = await routes.call('GET /api/invites', { query: { limit: 1000 } });
    const lines = invitations.map(({ invitationId, role, roomId, displayName, expiresAtMs }) =>
      line(
        invitationId.slice(0, SHORT_ID),
        role,
        displayName ?? undefined,
        roomId === null ? undefined : `room ${roomId}`,
        `until ${time(expiresAtMs)}`,
      ),
    );
    return { json: invitations, lines, none: 'There are no open invitations.' };
  },
} satisfies Record<string, (routes: Routes, args: string[]) => Promise<Listing>>;

const ACTIONS = {
  close: async (routes, [roomId = '']) => {
    const { connectionsEnded } = await routes.call('DELETE /api/rooms/:roomId', { params: { roomId } });
    return `The meeting in ${roomId} has ended. Connections in it: ${connectionsEnded}.`;
  },
  mute: async (routes, [roomId = '', who = '']) => {
    const { participantId, displayName } = await participantIn(routes, roomId, who);
    await routes.call('POST /api/rooms/:roomId/participants/:participantId/mute', {
      params: { roomId, participantId },
      body: { muted: true },
    });
    return `${displayName} is muted.`;
  },
  remove: async (routes, [roomId = '', who = '']) => {
    const { participantId, displayName } = await participantIn(routes, roomId, who);
    const params = { roomId, participantId };
    await routes.call('DELETE /api/rooms/:roomId/participants/:participantId', { params });
    return `${displayName} is removed from ${roomId}.`;
  },
  'hang-up': async (routes, [start = '']) => {
    const { calls } = await routes.call('GET /api/sip/calls', { query: { active: true, limit: 1000 } });
    const { callId, remote } = byId(calls, start, (call) => call.callId, 'call in progress');
    await routes.call('DELETE /api/sip/calls/:callId', { params: { callId } });
    return `The call with ${remote} has ended.`;
  },
  'delete-recording': async (routes, [start = ''], { yes }) => {
    const { recordings } = await routes.call('GET /api/recordings', { query: { limit: 1000 } });
    const { recordingId, roomId } = byId(recordings, start, (each) => each.recordingId, 'recording');
    requireYes(yes, `the recording of ${roomId}`);
    const params = { roomId, recordingId };
    await routes.call('DELETE /api/rooms/:roomId/recordings/:recordingId', { params });
    return `The recording of ${roomId} is deleted.`;
  },
  'remove-phone': async (routes, [username = ''], { yes }) => {
    requireYes(yes, `the phone ${username}`);
    await routes.call('DELETE /api/sip/phones/:username', { params: { username } });
    return `The phone ${username} is removed.`;
  },
  'remove-trunk': async (routes, [name = ''], { yes }) => {
    requireYes(yes, `the trunk ${name}`);
    await routes.call('DELETE /api/sip/trunks/:name', { params: { name } });
    return `The trunk ${name} is removed.`;
  },
  withdraw: async (routes, [start = '']) => {
    const { invitations } = await routes.call('GET /api/invites', { query: { limit: 1000 } });
    const { invitationId } = byId(invitations, start, (each) => each.invitationId, 'invitation');
    await routes.call('DELETE /api/invites/:invitationId', { params: { invitationId } });
    return 'The invitation is withdrawn.';
  },
  role: async (routes, [start = '', role = '']) => {
    const { accountId, displayName } = byId(
      await listAccounts(routes.api),
      start,
      (each) => each.accountId,
      'account',
    );
    await routes.call('POST /api/accounts/:accountId/role', { params: { accountId }, body: { role } });
    return `${displayName} is ${role} now.`;
  },
} satisfies Record<string, (routes: Routes, args: string[], options: AdminOptions) => Promise<string>>;

export type AdminCommand = keyof typeof LISTS | keyof typeof ACTIONS;

/** Runs a command of `canopy admin` on the running server. Returns what it prints. @throws {UsageError} an argument identifies nothing */
export async function administer(
  config: Config,
  command: AdminCommand,
  args: string[],
  options: AdminOptions,
): Promise<string> {
  const routes = new Routes(new OwnApi(config, options.url));
  if (command in ACTIONS) {
    return `${await ACTIONS[command as keyof typeof ACTIONS](routes, args, options)}\n`;
  }
  const { json, lines, none } = await LISTS[command as keyof typeof LISTS](routes, args);
  if (options.json) {
    return `${JSON.stringify(json, null, 2)}\n`;
  }
  return `${lines.length === 0 ? none : lines.join('\n')}\n`;
}

/** Finds somebody in a room by name or id. @throws {CanopyError} ROOM_UNKNOWN */
async function participantIn(
  routes: Routes,
  roomId: string,
  who: string,
): Promise<Room['participants'][number]> {
  const { rooms } = await routes.call('GET /api/rooms');
  const room = rooms.find((each) => each.roomId === roomId);
  if (!room) {
    throw new CanopyError('ROOM_UNKNOWN', roomId);
  }
  const [only, ...others] = room.participants.filter(({ displayName }) => displayName === who);
  return only && others.length === 0
    ? only
    : byId(room.participants, who, (each) => each.participantId, `participant of ${roomId}`);
}

function statusLines(status: Answer<'GET /api/status'>): string[] {
  const { link, workers, disks, phones, recorder, bucket } = status;
  return [
    `${status.name} ${status.version}, running since ${time(status.startedAtMs)}${status.draining ? ', stopping' : ''}`,
    `rooms ${status.rooms}, people and phones in them ${status.participants}, connections ${status.connections}`,
    `link: ${rate(link.allocatedBps)} allocated of ${link.limitBps === null ? 'no limit' : rate(link.limitBps)}, ${link.heldConsumers} streams on hold`,
    ...workers.map(
      ({ pid, rtcPort, rooms, consumers, cpuShare, stressLevel, maxMemoryBytes }, index) =>
        `worker ${index}: CPU ${cpuShare === null ? 'unknown' : `${Math.round(cpuShare * 100)} %`}, stress ${stressLevel}, ${rooms} rooms, ${consumers} consumers, ${size(maxMemoryBytes)}, port ${rtcPort}, process ${pid}`,
    ),
    ...disks.map(
      ({ folder, freeBytes, totalBytes }) =>
        `disk (${folder}): ${size(freeBytes)} of ${size(totalBytes)} free`,
    ),
    `database ${status.database}, phone gateway ${phones}, recorder ${recorder}`,
    ...(bucket === null
      ? []
      : [
          `bucket for recordings: ${bucket.problem ?? 'ready'}; ${bucket.waiting} files (${size(bucket.waitingBytes)}) to upload, ${bucket.deleting} to delete`,
        ]),
  ];
}

function roomLines({ roomId, participants }: Room): string[] {
  return [
    `${roomId}: ${participants.length}`,
    ...participants.map(({ participantId, displayName, kind, muted, connected, sinceMs }) =>
      line(
        `  ${participantId.slice(0, SHORT_ID)}`,
        displayName,
        kind === 'phone' && 'phone',
        muted && 'muted',
        !connected && 'connection lost',
        `since ${time(sinceMs)}`,
      ),
    ),
  ];
}

function allocationLines(
  { pictures, receivers }: Answer<'GET /api/rooms/:roomId/allocation'>,
  room: Room | undefined,
): string[] {
  const names = new Map(room?.participants.map(({ peerId, displayName }) => [peerId, displayName]));
  const nameOf = (peerId: string | undefined) => names.get(peerId ?? '') ?? peerId ?? 'unknown';
  const senders = new Map(pictures.map((each) => [each.producerId, each]));
  return receivers.flatMap((receiver) => [
    line(
      nameOf(receiver.peerId),
      `budget ${rate(receiver.budgetBps)}`,
      `estimate ${receiver.estimateBps === null ? 'not limiting' : rate(receiver.estimateBps)}`,
      `video ${rate(receiver.videoBps)}`,
      `audio ${rate(receiver.audioBps)}`,
    ),
    ...receiver.tiles.map(({ producerId, widthPx, heightPx, layers, bitrateBps, reason }) => {
      const sender = senders.get(producerId);
      return line(
        `  ${nameOf(sender?.peerId)} (${sender?.source ?? 'unknown'})`,
        `${Math.round(widthPx)} × ${Math.round(heightPx)}`,
        layers ? `layer ${layers.spatialLayer}/${layers.temporalLayer}` : 'on hold',
        rate(bitrateBps),
        reason,
      );
    }),
  ]);
}

function callLine(call: Answer<'GET /api/sip/calls'>['calls'][number]): string {
  const { callId, direction, remote, displayName, startedAtMs, answeredAtMs, endedAtMs, roomId } = call;
  return line(
    callId.slice(0, SHORT_ID),
    direction,
    remote,
    displayName,
    time(startedAtMs),
    endedAtMs === null ? (answeredAtMs === null ? 'ringing' : 'in progress') : (call.endCause ?? 'ended'),
    roomId === null ? undefined : `room ${roomId}`,
    call.trunk === null ? undefined : `trunk ${call.trunk}`,
  );
}

function line(...parts: Array<string | undefined | false>): string {
  return parts.filter(Boolean).join('  ');
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function rate(bps: number): string {
  return `${(bps / 1e6).toFixed(2)} Mbit/s`;
}
