import type { Kernel } from '../../kernel/index.ts';
import { captionHandlers } from './caption-handlers.ts';
import { Captions } from './captions.ts';
import { CAPTION_REQUESTS } from './contract.ts';

/** Captions: a separate process sends the voices of rooms to the operator's transcription service, and everyone in them reads along. */
export function registerCaptions(kernel: Kernel): void {
  const { config, log, captioner } = kernel;
  const captions =
    captioner &&
    new Captions({
      captioner,
      language: config.captions.language,
      log,
      room: (roomId) => kernel.rooms.find(roomId),
    });
  kernel.requests(CAPTION_REQUESTS, captionHandlers(captions), {
    audited: ['captions.start', 'captions.stop'],
  });
  kernel.snapshotPart('captions', (room) => ({
    running: captions?.in(room.roomId) ?? null,
    isAvailable: captions !== undefined,
  }));
  if (captions) {
    kernel.follow((room, { kind }) => {
      if (kind === 'participant.left') {
        captions.peopleChanged(room);
      }
    });
  }
}
