import { CanopyError } from '../../../base/index.ts';
import type { RequestData, RequestResult } from '../../../contract/index.ts';
import type { Handler, PeerPrincipal, RoomRecord, Session } from '../../kernel/index.ts';
import {
  demand,
  type Kernel,
  may,
  Peer,
  type Room,
  requirePrincipal,
  requireSeat,
  serverRoleOf,
} from '../../kernel/index.ts';
import { iceServers } from './ice-servers.ts';

type JoinData = RequestData<'room.join'>;

export function roomHandlers(context: Kernel): {
  'room.join': Handler<'room.join'>;
  'room.leave': Handler<'room.leave'>;
  'room.layout': Handler<'room.layout'>;
} {
  return {
    'room.join': async (session, data) => {
      const principal = requirePrincipal(session);
      const rejoins = data.ticket !== undefined && session.seat?.room.roomId === data.roomId;
      if (session.joining || (session.seat && !rejoins && isSeated(session))) {
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

function isSeated({ seat }: Session): boolean {
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
    wanted !== undefined && context.rooms.find(roomId)?.peers.get(wanted)?.device.deviceId === deviceId;
  const returns = isInside();
  const { permissions, roles, ownerId } = record;
  const role = serverRoleOf(principal);
  // Nobody is kept from coming back to a seat: the settings may have changed since it was taken, or the store may be away.
  if (!returns) {
    await context.demandEntry(principal, record);
  }
  const isBarred = context.rooms.isBarred(roomId, principal.accountId);
  if (isBarred && !may(principal, 'room.enterBarred', record)) {
    throw new CanopyError('KICKED');
  }
  if (context.draining && !returns) {
    throw new CanopyError('SERVER_CLOSING');
  }
  // People already inside stay, and may come back.
  if (!ticket && !returns) {
    context.sfu.admit(roomId);
  }
  let opened = await openRoom(context, session, principal, record);
  // Somebody whose join came to nothing may just have closed it.
  while (opened.room.closed) {
    opened = await openRoom(context, session, principal, record);
  }
  const { room, routerRtpCapabilities } = opened;
  if (session.closed) {
    context.rooms.closeIfEmpty(room);
    throw new CanopyError('CONNECTION_LOST');
  }
  const isDecidedAnew =
    room.record !== record ||
    record.permissions !== permissions ||
    record.roles !== roles ||
    // Opening the room may have made somebody its first owner.
    (ownerId !== null && record.ownerId !== ownerId) ||
    serverRoleOf(principal) !== role ||
    context.rooms.isBarred(roomId, principal.accountId) !== isBarred;
  if (returns ? !isInside() : isDecidedAnew) {
    // The seat has gone in the meantime, so this is somebody who comes from outside; or such a person's rights may have changed.
    context.rooms.closeIfEmpty(room);
    return join(context, session, principal, data);
  }
  // From here to the result nothing waits: the snapshot and the seat are taken at one moment.
  const existing = wanted === undefined ? undefined : room.peers.get(wanted);
  const before = session.seat;
  let resumed = false;
  let peer: Peer;
  if (existing && existing.device.deviceId === deviceId) {
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
  // Derived from the base log, not from an earlier join's: bindings would pile up.
  session.log = context.log.child({
    connectionId: session.connectionId,
    accountId: principal.accountId,
    deviceId,
    peerId: peer.peerId,
  });
  context.stage(session, 'joined');
  if (resumed) {
    // After the answer: what was told while the connection was lost.
    setImmediate(() => context.sfu.tellAllocation(roomId, peer.peerId));
  }
  // A peer that is new here has missed nothing, whatever it says.
  const entries = existing === peer && data.resume?.since && room.missedBy(peer, data.resume.since);
  return {
    peerId: peer.peerId,
    participantId: peer.participantId,
    resumed,
    routerRtpCapabilities,
    iceServers: iceServers(context.config, peer.peerId),
    participants: [...room.peers.values()].flatMap((each) => [...each.participants.values()]),
    producers: room.producersFor(peer),
    speaker: room.speaker,
    parts: context.snapshotParts(room),
    log: { ...room.position, ...(entries && { entries }) },
    own: resumed
      ? context.sfu.ownObjects(roomId, peer.peerId)
      : { transportIds: [], producerIds: [], consumerIds: [] },
  };
}

/** Opens the room and waits for its worker. A room may close or be re-homed meanwhile: then it is looked up again. */
async function openRoom(
  { rooms }: Kernel,
  session: Session,
  principal: PeerPrincipal,
  record: RoomRecord,
): Promise<{ room: Room; routerRtpCapabilities: Record<string, unknown> }> {
  for (let tries = 0; tries < 5; tries += 1) {
    if (!rooms.find(record.roomId)) {
      demand(principal, 'room.open', record);
    }
    const room = rooms.open(record, principal, session.holder);
    const { generation } = room;
    try {
      const routerRtpCapabilities = await room.routerRtpCapabilities();
      if (!room.closed && room.generation === generation) {
        return { room, routerRtpCapabilities };
      }
    } catch (error) {
      if (!room.closed && room.generation === generation) {
        rooms.closeIfEmpty(room);
        throw error;
      }
    }
  }
  throw new CanopyError('ROOM_REHOMING');
}
