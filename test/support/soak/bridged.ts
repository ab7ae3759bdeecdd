import { setTimeout as delay } from 'node:timers/promises';
import { BridgeSession, type Identity } from '../../../client/sdk/index.ts';
import { BridgeSocket, opusStream } from '../bridge-socket.ts';
import { asHost, joined } from './host.ts';
import { roomAt, type SoakRun } from './soak-run.ts';

const PARTICIPANTS = 3;
const FIRST_SSRC = 7000;
const NAME = 'Bridged';
const STAY_MS = 3000;

/** A bridge that adds participants to a room. A moderator mutes the first one, and all leave one by one. */
export function bridges(run: SoakRun, identity: Identity, host: Identity): Promise<void> {
  return run.repeat('bridge', 2000, async (time) => {
    const roomId = roomAt(time);
    const socket = await BridgeSocket.open();
    try {
      await asHost(run, host, roomId, async (moderator) => {
        const session = await BridgeSession.join({ url: run.server.url, identity, roomId });
        try {
          const media = await session.open(socket.endpoint);
          const hosted = [];
          for (let place = 0; place < PARTICIPANTS; place++) {
            const participant = await session.addParticipant({ displayName: `${NAME} ${place}` });
            await participant.produce(opusStream(FIRST_SSRC + place));
            hosted.push(participant);
          }
          const send = (to: typeof media) => socket.send({ ssrc: FIRST_SSRC, payloadType: 100, to: to.send });
          send(media);
          session.on('media', (moved) => send(moved));
          const participantId = await joined(moderator, `${NAME} 0`);
          for (const muted of [true, false]) {
            await moderator.get('participant.mute', { participantId, muted });
          }
          await delay(STAY_MS);
          for (const participant of hosted) {
            await participant.remove();
          }
          await moderator.event('participant.left', (left) => left.participantId === participantId);
        } finally {
          await session.leave();
        }
      });
    } finally {
      socket.close();
    }
  });
}
