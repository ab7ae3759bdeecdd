import type { EventData, Participant, RequestInput, SnapshotPart } from '../../contract/index.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { RoomSession } from './room-session.ts';

/** Captions that are on. */
export type RunningCaptions = NonNullable<EventData<'captions.changed'>['captions']>;
export type CaptionOptions = RequestInput<'captions.start'>;

/** What somebody says. */
export interface Caption {
  participantId: string;
  text: string;
  /** `false`: replaced by the next one of the same participant. */
  isFinal: boolean;
}

export interface CaptionEvents {
  /** Captions were switched on or off. `by`: undefined if it was the server, or somebody who has left. */
  changed: [running: RunningCaptions | null, by: Participant | undefined];
  caption: [Caption];
}

/** What captions need from their room. */
export interface CaptionHost {
  readonly connection: Connection;
  readonly participants: ReadonlyMap<string, Participant>;
  onServerEvent: RoomSession['onServerEvent'];
}

/** What people in the room say, as text from the operator's transcription service. */
export class Captions extends Emitter<CaptionEvents> {
  readonly #host: CaptionHost;
  #running: RunningCaptions | null = null;
  #isAvailable = false;

  constructor(host: CaptionHost) {
    super();
    this.#host = host;
    host.onServerEvent('captions.changed', ({ captions, by }) => {
      this.#running = captions;
      this.emit('changed', captions, host.participants.get(by ?? ''));
    });
    host.onServerEvent('captions.saying', (caption) => this.emit('caption', { ...caption, isFinal: false }));
    host.onServerEvent('captions.said', ({ participantId, text }) =>
      this.emit('caption', { participantId, text, isFinal: true }),
    );
  }

  /** Null: captions are off. */
  get running(): RunningCaptions | null {
    return this.#running;
  }

  /** Whether the server has a transcription service. Who may use it is the right `captions.control`. */
  get isAvailable(): boolean {
    return this.#isAvailable;
  }

  /** Sends the voices in the room to the transcription service from now on. Everyone is notified. @throws {CanopyError} FORBIDDEN, CAPTIONS_UNAVAILABLE */
  async start(options: CaptionOptions = {}): Promise<void> {
    await this.#host.connection.request('captions.start', options);
  }

  /** @throws {CanopyError} FORBIDDEN */
  async stop(): Promise<void> {
    await this.#host.connection.request('captions.stop', {});
  }

  /** @internal Applies a snapshot. */
  reset({ running, isAvailable }: SnapshotPart<'captions'>): void {
    this.#isAvailable = isAvailable;
    if (JSON.stringify(running) !== JSON.stringify(this.#running)) {
      this.#running = running;
      this.emit('changed', running, undefined);
    }
  }
}
