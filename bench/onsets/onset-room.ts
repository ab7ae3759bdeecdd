import { setTimeout as delay } from 'node:timers/promises';
import { type Clip, ClipTrack, wallClockMs } from '../../client/node/index.ts';
import { type ServerUnderTest, VoicePeer } from '../generator/index.ts';
import { type HeardPacket, type KnownOnset, lostSpeech } from './lost-speech.ts';

/** Enough people speak in turn that each has lost their slot when their turn comes again: the worst case. */
const TALKERS = 5;

/**
 * Five people speak in turn, one round of a clip each, while others listen. Returns how much one listener missed of every onset, in
 * milliseconds.
 */
export async function onsetsOfRoom(
  server: ServerUnderTest,
  options: { roomId: string; listeners: number; rounds: number; clip: Clip; onset: KnownOnset },
): Promise<number[]> {
  const { roomId, clip, onset } = options;
  const roundMs = (clip.info.durationTicks / clip.info.clockRateHz) * 1000;
  const heard = new Map<string, HeardPacket[]>();
  const peers: VoicePeer[] = [];
  try {
    peers.push(
      await VoicePeer.enter(server, roomId, (participantId, stream) => {
        const packets: HeardPacket[] = [];
        heard.set(participantId, packets);
        stream.tap = ({ header, payload }) => {
          packets.push({ timestamp: header.timestamp, payload: Buffer.from(payload) });
        };
      }),
    );
    for (let index = 1; index < options.listeners; index += 1) {
      peers.push(await VoicePeer.enter(server, roomId));
    }
    const beganAtMs = wallClockMs();
    for (let index = 0; index < TALKERS; index += 1) {
      const talker = await VoicePeer.enter(server, roomId);
      peers.push(talker);
      const turn = (index * roundMs) / TALKERS;
      await talker.speak(new ClipTrack({ clips: [clip], beganAtMs: beganAtMs + turn }));
    }
    // The first round may be incomplete.
    await delay((options.rounds + 2) * roundMs);
    const lost = await Promise.all([...heard.values()].map((packets) => lostSpeech(clip, onset, packets)));
    return lost.flatMap((each) => each.slice(0, options.rounds));
  } finally {
    await Promise.all(peers.map((peer) => peer.leave()));
  }
}
