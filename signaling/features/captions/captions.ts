import { CanopyError, type Logger } from '../../../base/index.ts';
import type { Captioner, Room, Spoken } from '../../kernel/index.ts';
import type { RunningCaptions } from './contract.ts';

export interface CaptionsOptions {
  captioner: Captioner;
  /** Language unless the person who starts says another. */
  language: string;
  log: Logger;
  /** The open room with this id. */
  room(roomId: string): Room | undefined;
}

/** Shortest time between two texts about the same sentence, in milliseconds. */
const SAYING_MS = 250;

interface Running {
  readonly room: Room;
  info: RunningCaptions;
  /** When what somebody is saying was last sent, by participant. */
  readonly sentMs: Map<string, number>;
}

/**
 * Which rooms have captions. They last until somebody stops them or the people have left; a restart of the server ends them too: whether voices
 * are sent elsewhere is then decided afresh.
 */
export class Captions {
  readonly #options: CaptionsOptions;
  /** By room. */
  readonly #running = new Map<string, Running>();
  readonly #starting = new Map<string, Promise<void>>();

  constructor(options: CaptionsOptions) {
    this.#options = options;
    options.captioner.listen({
      spoken: (roomId, spoken) => this.#spoken(roomId, spoken),
      failed: (roomId) => this.#setHeard(roomId, false),
      ended: (roomId, error) => {
        options.log.warn({ err: error, roomId }, 'captions ended early');
        void this.stop(roomId, null);
      },
    });
  }

  /** The captions of a room that are on. */
  in(roomId: string): RunningCaptions | null {
    return this.#running.get(roomId)?.info ?? null;
  }

  /** @throws {CanopyError} ENCRYPTED_ROOM, CAPTIONS_UNAVAILABLE and others */
  async start(
    room: Room,
    by: { participantId: string | null; displayName: string },
    language = this.#options.language,
  ): Promise<void> {
    const { roomId } = room;
    room.requireClear();
    if (this.#running.has(roomId)) {
      return;
    }
    const starting =
      this.#starting.get(roomId) ??
      this.#start(room, by, language).finally(() => this.#starting.delete(roomId));
    this.#starting.set(roomId, starting);
    await starting;
  }

  /** Idempotent. */
  async stop(roomId: string, by: string | null): Promise<void> {
    await this.#starting.get(roomId)?.catch(() => {});
    const running = this.#running.get(roomId);
    if (!running) {
      return;
    }
    this.#running.delete(roomId);
    await this.#options.captioner.stop(roomId);
    if (!running.room.closed) {
      running.room.append('captions.changed', { captions: null, by });
    }
  }

  /** The room's people have changed: without any, captions end. */
  peopleChanged(room: Room): void {
    if (!room.hasParticipants) {
      void this.stop(room.roomId, null);
    }
  }

  async #start(
    room: Room,
    { participantId, displayName }: { participantId: string | null; displayName: string },
    language: string,
  ): Promise<void> {
    const { roomId } = room;
    await this.#options.captioner.start({ roomId, language });
    if (this.#options.room(roomId) !== room) {
      await this.#options.captioner.stop(roomId);
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    const info = { language, startedAtMs: Date.now(), startedBy: displayName, isHeard: true };
    this.#running.set(roomId, { room, info, sentMs: new Map() });
    room.append('captions.changed', { captions: info, by: participantId });
  }

  #spoken(roomId: string, { participantId, text, isFinal }: Spoken): void {
    const running = this.#running.get(roomId);
    if (!running?.room.hostOf(participantId)) {
      return;
    }
    this.#setHeard(roomId, true);
    const nowMs = performance.now();
    if (isFinal) {
      running.sentMs.delete(participantId);
      if (text !== '') {
        running.room.append('captions.said', { participantId, text });
      }
    } else if (nowMs - (running.sentMs.get(participantId) ?? Number.NEGATIVE_INFINITY) >= SAYING_MS) {
      running.sentMs.set(participantId, nowMs);
      running.room.broadcast('captions.saying', { participantId, text });
    }
  }

  #setHeard(roomId: string, isHeard: boolean): void {
    const running = this.#running.get(roomId);
    if (running && running.info.isHeard !== isHeard) {
      running.info = { ...running.info, isHeard };
      running.room.append('captions.changed', { captions: running.info, by: null });
    }
  }
}
