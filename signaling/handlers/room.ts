import { CanopyError } from '../../base/index.ts';
import { factorOf } from '../budgets/index.ts';
import type { RequestData, RequestResult } from '../protocol/index.ts';
import { Peer, type Room } from '../rooms/index.ts';
import type { Handler, Principal, Session } from '../sockets/index.ts';
import { type HandlerContext, requirePrincipal, requireSeat } from './context.ts';
import { iceServers } from './ice-servers.ts';

type JoinData = RequestData<'room.join'>;

export function roomHandlers(context: HandlerContext): {
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
  context: HandlerContext,
  session: Session,
  principal: Principal,
  data: JoinData,
): Promise<RequestResult<'room.join'>> {
  const { roomId } = data;
  const { deviceId } = principal.device;
  const ticket =
    data.ticket === undefined ? undefined : await context.tickets.verify(data.ticket, { deviceId, roomId });
  const wanted = ticket?.peerId ?? data.resume?.peerId;
  const find = () => (wanted === undefined ? undefined : context.rooms.find(roomId)?.peers.get(wanted));
  // The store may be away while a guest inside comes back.
  const isOutside = find()?.device.deviceId !== deviceId;
  if (
    principal.role === 'guest' &&
    isOutside &&
    !(await context.accounts.hasGrant(principal.accountId, roomId))
  ) {
    throw new CanopyError('FORBIDDEN', 'a guest may enter the rooms of the invitation only');
  }
  if (principal.role !== 'admin' && context.rooms.isBarred(roomId, principal.accountId)) {
    throw new CanopyError('KICKED');
  }
  const known = find();
  if (context.draining() && known?.device.deviceId !== deviceId) {
    throw new CanopyError('SERVER_CLOSING');
  }
  // People already inside stay, and may come back.
  if (!ticket && known?.device.deviceId !== deviceId) {
    context.sfu.admit(roomId);
  }
  const { room, routerRtpCapabilities } = await openRoom(context, session, roomId);
  if (session.closed) {
    context.rooms.closeIfEmpty(room);
    throw new CanopyError('CONNECTION_LOST');
  }
  // From here to the result nothing waits: the snapshot and the seat are taken at one moment.
  const existing = wanted === undefined ? undefined : room.peers.get(wanted);
  const before = session.seat;
  let resumed = false;
  let peer: Peer;
  if (existing && existing.device.deviceId === deviceId) {
    peer = existing;
    room.attach(peer, session.connection);
    resumed = ticket === undefined && peer.generation === room.generation;
    if (!resumed) {
      room.resetMedia(peer);
    }
  } else {
    peer = new Peer({
      peerId: ticket && !existing ? ticket.peerId : undefined,
      device: principal.device,
      role: principal.role,
      displayName: data.displayName ?? principal.displayName,
      certifiedName: principal.displayName,
      holder: session.holder,
      connection: session.connection,
      generation: room.generation,
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
  return {
    peerId: peer.peerId,
    participantId: peer.participantId,
    resumed,
    routerRtpCapabilities,
    iceServers: iceServers(context.config, peer.peerId),
    participants: [...room.peers.values()].flatMap((each) => [...each.participants.values()]),
    producers: room.producersFor(peer),
    speaker: room.speaker,
    own: resumed
      ? context.sfu.ownObjects(roomId, peer.peerId)
      : { transportIds: [], producerIds: [], consumerIds: [] },
  };
}

/** Opens the room and waits for its worker. A room may close or be re-homed meanwhile: then it is looked up again. */
async function openRoom(
  { rooms }: HandlerContext,
  session: Session,
  roomId: string,
): Promise<{ room: Room; routerRtpCapabilities: Record<string, unknown> }> {
  for (let tries = 0; tries < 5; tries += 1) {
    const room = rooms.open(roomId, session.holder, factorOf(requirePrincipal(session)));
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
