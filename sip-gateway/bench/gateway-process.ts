/** A process with only the gateway's media, so that its CPU time can be measured. Controlled by its parent. */
import type { OpusSettings } from '../codecs/index.ts';
import { MediaPool, type PoolStats, type RoomConnection } from '../media/index.ts';
import { SRTP_KEY, SRTP_SUITE } from './rtp-load.ts';

/** Calls to open: PCMU phones in rooms with one speaker each. */
export interface CallsToOpen {
  legs: number;
  rooms: number;
  /** Port of the phones, on loopback. */
  phonesPort: number;
  /** Port of the rooms, on loopback. */
  roomPort: number;
  /** Settings of the Opus to the room. Default: those of the gateway. */
  opus?: OpusSettings;
  /** Whether the phones' packets are forwarded as they are. Default false. */
  forwards?: boolean;
  /** Whether the phones send and receive SRTP. Default false. */
  srtp?: boolean;
}

export interface OpenedCalls {
  /** Ports that the phones send to. */
  legPorts: number[];
  /** Ports that the speakers send to. */
  roomPorts: number[];
}

export type ToGateway = { type: 'open'; calls: CallsToOpen } | { type: 'end' } | { type: 'stats' };
export type FromGateway =
  | { type: 'ready' }
  | { type: 'opened'; ports: OpenedCalls }
  | { type: 'ended' }
  | { type: 'stats'; stats: PoolStats };

const LOOPBACK = '127.0.0.1';
const ROOM_PAYLOAD_TYPE = 100;
const pool = await MediaPool.start({ threads: Number(process.argv[2]) });
const legIds: string[] = [];
const roomIds: string[] = [];
const contexts: number[] = [];

function openContext(sending: boolean): number {
  const context = pool.srtp.open({ sending, suite: SRTP_SUITE, key: SRTP_KEY });
  contexts.push(context);
  return context;
}

async function open(calls: CallsToOpen): Promise<OpenedCalls> {
  const legPorts: number[] = [];
  const roomPorts: number[] = [];
  const room = { address: LOOPBACK, port: calls.roomPort };
  for (let i = 0; i < calls.rooms; i++) {
    const roomId = `room ${i}`;
    roomIds.push(roomId);
    roomPorts.push((await pool.openRoom({ roomId, ip: LOOPBACK, port: 0 })).port);
    const connection: RoomConnection = {
      sendTo: room,
      receiveFrom: room,
      sendPayloadType: ROOM_PAYLOAD_TYPE,
      receivePayloadType: ROOM_PAYLOAD_TYPE,
      audioLevelExtensionId: 1,
      opus: calls.opus,
    };
    await pool.request('room.connect', { roomId, connection });
  }
  const remote = { address: LOOPBACK, port: calls.phonesPort };
  for (let i = 0; i < calls.legs; i++) {
    const legId = `leg ${i}`;
    const roomId = `room ${i % calls.rooms}`;
    legIds.push(legId);
    legPorts.push((await pool.openLeg({ legId, roomId, ip: LOOPBACK, ports: { min: 0, max: 0 } })).port);
    const srtp = calls.srtp && { send: openContext(true), receive: openContext(false) };
    await pool.request('leg.start', {
      legId,
      media: { codec: 'PCMU', payloadType: 0, remote, ...(srtp && { srtp }) },
    });
    const forwarding = calls.forwards ? { codec: 'PCMU' as const, payloadType: 0 } : undefined;
    await pool.join({ legId, roomId, ssrc: 1_000 + i, ...(forwarding && { forwarding }) });
  }
  return { legPorts, roomPorts };
}

async function end(): Promise<void> {
  for (const legId of legIds.splice(0)) {
    await pool.closeLeg(legId);
  }
  for (const roomId of roomIds.splice(0)) {
    await pool.closeRoom(roomId);
  }
  for (const context of contexts.splice(0)) {
    pool.srtp.close(context);
  }
}

async function answer(message: ToGateway): Promise<FromGateway> {
  if (message.type === 'open') {
    return { type: 'opened', ports: await open(message.calls) };
  }
  if (message.type === 'stats') {
    return { type: 'stats', stats: await pool.stats() };
  }
  await end();
  return { type: 'ended' };
}

process.on('message', (message: ToGateway) => void answer(message).then((value) => process.send?.(value)));
process.on('disconnect', () => void pool.close());
process.send?.({ type: 'ready' } satisfies FromGateway);
