import { CanopyError } from '../../../base/index.ts';
import type { RequestData, RequestResult } from '../../../contract/index.ts';
import type { Handler, PeerPrincipal, Session } from '../../kernel/index.ts';
import {
  iceServers,
  type Kernel,
  may,
  mayHaveKeys,
  Peer,
  requirePrincipal,
  requireSeat,
  serverRoleOf,
} from '../../kernel/index.ts';

import { offerMedia } from './offer-media.ts';

type JoinData = RequestData<'room.join'>;

/** Handlers for joining and leaving a room, and for the client's layout. */
export function roomHandlers(context: Kernel): {
  'room.join': Handler<'room.join'>;
  'room.leave': Handler<'room.leave'>;
  'room.layout': Handler<'room.layout'>;
} {
  return {
    'room.join': async (session, data) => {
      const principal = requirePrincipal(session);
      const rejoins = data.ticket !== undefined && session.seat?.room.roomId === data.roomId;
      if (session.joining || (session.seat && !rejoins && hasSeat(session))) {
        throw new CanopyError('ROOM_ALREADY_JOINED');
      }
      session.joining = true;
      try {
        return await join(context, session, principal, data);
      } finally {
        session.joining = false;
      }
    },

    'room.layout': async (session, layout) => {
      const { room, peer } = requireSeat(session);
      context.sfu.setLayout(room.roomId, peer.peerId, layout);
      return {};
    },

    'room.leave': async (session) => {
      const { room, peer } = requireSeat(session);
      session.seat = null;
      room.remove(peer, 'left');
      return {};
    },
  };
}

function hasSeat({ seat }: Session): boolean {
  return seat !== null && seat.room.peers.get(seat.peer.peerId) === seat.peer;
}

async function join(
  context: Kernel,
  session: Session,
  principal: PeerPrincipal,
  data: JoinData,
): Promise<RequestResult<'room.join'>> {
  const { roomId } = data;
  const { deviceId } = principal.device;
  const ticket =
    data.ticket === undefined ? undefined : await context.tickets.verify(data.ticket, { deviceId, roomId });
  const record = await context.rooms.record(roomId);
  const wanted = ticket?.peerId ?? data.resume?.peerId;
  const isInside = () =>
    wanted !== undefined && context.rooms.find(roomId)?.peers.get(wanted)?.deviceId === deviceId;
  const isReturning = isInside();
  const { permissions, roles, ownerId, lobby, locked, pinHash } = record;
  const role = serverRoleOf(principal);
  // Anyone may return to their seat, even if the settings have changed or the store is unavailable.
  if (!isReturning) {
    await context.demandEntry(principal, record);
    await context.entering.run({ principal, room: record });
    await context.entry.check(principal, record, { pin: data.pin, holder: session.holder });
  }
  const isBarred = context.rooms.isBarred(roomId, principal.accountId);
  if (isBarred && !may(principal, 'room.enterBarred', record)) {
    throw new CanopyError('KICKED');
  }
  if (context.draining && !isReturning) {
    throw new CanopyError('SERVER_CLOSING');
  }
  // Admission control applies to newcomers only.
  if (!ticket && !isReturning) {
    context.sfu.admit(roomId);
  }
  const encryption = context.rooms.find(roomId)?.encryption ?? context.rooms.encryptionOf(record);
  if (encryption !== 'off' && mayHaveKeys(principal, encryption) && !data.encrypts) {
    throw new CanopyError('ENCRYPTION_REQUIRED');
  }
  let opened = await context.rooms.enter(record, principal, session.holder);
  // It may have closed just now, since another join failed.
  while (opened.room.closed) {
    opened = await context.rooms.enter(record, principal, session.holder);
  }
  const { room, routerRtpCapabilities } = opened;
  if (session.closed) {
    context.rooms.closeIfEmpty(room);
    throw new CanopyError('CONNECTION_LOST');
  }
  const haveRightsChanged =
    room.record !== record ||
    record.permissions !== permissions ||
    record.roles !== roles ||
    record.lobby !== lobby ||
    record.locked !== locked ||
    record.pinHash !== pinHash ||
    // Opening the room may have given it its first owner.
    (ownerId !== null && record.ownerId !== ownerId) ||
    serverRoleOf(principal) !== role ||
    context.rooms.isBarred(roomId, principal.accountId) !== isBarred;
  if (isReturning ? !isInside() : haveRightsChanged) {
    // The seat is gone meanwhile, or a newcomer's rights may have changed: judge the join again.
    context.rooms.closeIfEmpty(room);
    return join(context, session, principal, data);
  }
  // No await from here on, so that the snapshot is consistent with the seat.
  const existing = wanted === undefined ? undefined : room.peers.get(wanted);
  const before = session.seat;
  let resumed = false;
  let peer: Peer;
  if (existing && existing.deviceId === deviceId) {
    peer = existing;
    room.attach(peer, principal, session.connection);
    resumed = ticket === undefined && !room.mediaOf(peer).ended;
    if (!resumed) {
      room.resetMedia(peer);
    }
  } else {
    peer = new Peer({
      peerId: ticket && !existing ? ticket.peerId : undefined,
      principal,
      displayName: data.displayName,
      holder: session.holder,
      connection: session.connection,
    });
    try {
      room.add(peer);
    } catch (error) {
      context.rooms.closeIfEmpty(room);
      throw error;
    }
  }
  session.seat = { room, peer };
  if (before && before.peer !== peer) {
    before.room.remove(before.peer, 'left');
  }
  // A child of the base log, not of the session's: bindings would accumulate with each join.
  session.log = context.log.child({
    connectionId: session.connectionId,
    accountId: principal.accountId,
    deviceId,
    peerId: peer.peerId,
  });
  context.stage(session, 'joined');
  if (resumed) {
    // After the answer, resend what the peer missed while it was disconnected.
    setImmediate(() => context.sfu.tellAllocation(roomId, peer.peerId));
  }
  if (existing !== peer) {
    // A failure must not keep anyone out.
    context.entered
      .run({ room, peer })
      .catch((error: unknown) => session.log.warn({ err: error }, 'after an entry'));
  }
  // A new peer has missed nothing, whatever position it sends.
  const entries = existing === peer && data.resume?.since && room.missedBy(peer, data.resume.since);
  const snapshot: RequestResult<'room.join'> = {
    peerId: peer.peerId,
    participantId: peer.participantId,
    resumed,
    routerRtpCapabilities,
    iceServers: iceServers(context.config, peer.peerId),
    participants: [...room.peers.values()].flatMap((each) => [...each.participants.values()]),
    producers: room.producersFor(peer),
    speaker: room.speaker,
    parts: context.snapshotParts(room, peer),
    log: { ...room.position, ...(entries && { entries }) },
    own: resumed
      ? context.sfu.ownObjects(roomId, peer.peerId)
      : { transportIds: [], producerIds: [], consumerIds: [] },
  };
  // The snapshot stays as it is: the client applies what happens meanwhile after it.
  const media = data.media && !resumed ? await offerMedia(context, session, data.media) : undefined;
  return media ? { ...snapshot, media } : snapshot;
}
