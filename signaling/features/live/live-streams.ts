import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CanopyError, type Config, type Logger } from '../../../base/index.ts';
import type { RequestData } from '../../../contract/index.ts';
import type { Broadcaster, BroadcastOptions, Room } from '../../kernel/index.ts';
import type { LiveEnd, RunningLive } from './contract.ts';

export interface LiveStreamsOptions {
  config: Config;
  broadcaster: Broadcaster;
  log: Logger;
  /** The open room with this id. */
  room(roomId: string): Room | undefined;
}

interface Running {
  readonly room: Room;
  /** Undefined while it starts: nobody has been told yet. */
  info: RunningLive | undefined;
  /** Secret part of its address and folder, for HLS. */
  readonly token: string | undefined;
}

/** Which rooms are streamed live. A stream lasts until somebody stops it or the people have left; a restart of the server ends it too. */
export class LiveStreams {
  readonly #options: LiveStreamsOptions;
  readonly #folder: string;
  /** By room. */
  readonly #running = new Map<string, Running>();

  constructor(options: LiveStreamsOptions) {
    this.#options = options;
    this.#folder = join(options.config.data.dir, 'live');
    options.broadcaster.listen({
      flowing: (roomId, isFlowing) => this.#flowing(roomId, isFlowing),
      ended: (roomId, error) => {
        options.log.warn({ err: error, roomId }, 'a live stream ended early');
        void this.#stop(roomId, 'failed', null);
      },
    });
  }

  /** The live stream of a room. */
  in(roomId: string): RunningLive | null {
    return this.#running.get(roomId)?.info ?? null;
  }

  /** The folder of the stream with this token. */
  folderOf(token: string): string | undefined {
    const isKnown = [...this.#running.values()].some((each) => each.token === token);
    return isKnown ? join(this.#folder, token) : undefined;
  }

  /** @throws {CanopyError} LIVE_RUNNING, LIVE_FAILED, LIMIT_REACHED, TARGET_REFUSED */
  async start(
    room: Room,
    by: { participantId: string | null; displayName: string },
    wanted: RequestData<'live.start'>,
  ): Promise<void> {
    const { config } = this.#options;
    const { roomId } = room;
    room.requireClear();
    const { output, host, token } = this.#outputOf(wanted);
    if (this.#running.has(roomId)) {
      throw new CanopyError('LIVE_RUNNING');
    }
    if (this.#running.size >= config.live.rooms) {
      throw new CanopyError('LIMIT_REACHED', `${config.live.rooms} rooms are streamed already (live.rooms)`);
    }
    const running: Running = { room, info: undefined, token };
    this.#running.set(roomId, running);
    try {
      if ('hls' in output) {
        await mkdir(output.hls, { recursive: true, mode: 0o700 });
      }
      await this.#options.broadcaster.start({ roomId, output });
      if (this.#running.get(roomId) !== running || this.#options.room(roomId) !== room) {
        throw new CanopyError('LIVE_FAILED', 'it was stopped meanwhile');
      }
    } catch (error) {
      await this.#end(running);
      throw error;
    }
    running.info = {
      kind: wanted.kind,
      host,
      path: token === undefined ? null : `/live/${token}/live.m3u8`,
      startedAtMs: Date.now(),
      startedBy: by.displayName,
      isFlowing: true,
    };
    room.append('live.changed', { live: running.info, by: by.participantId });
  }

  /** Idempotent. */
  async stop(roomId: string, by: string | null): Promise<void> {
    await this.#stop(roomId, 'stopped', by);
  }

  /** The room's people have changed: without any, the stream ends. */
  peopleChanged(room: Room): void {
    if (!room.hasParticipants) {
      void this.#stop(room.roomId, 'empty', null);
    }
  }

  /** Deletes what an earlier process left. */
  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #stop(roomId: string, reason: LiveEnd, by: string | null): Promise<void> {
    const running = this.#running.get(roomId);
    if (running) {
      await this.#end(running);
      if (running.info && !running.room.closed) {
        running.room.append('live.changed', { live: null, by, reason });
      }
    }
  }

  async #end(running: Running): Promise<void> {
    const { roomId } = running.room;
    // Somebody else ends it already, and the room may have another one by now.
    if (this.#running.get(roomId) !== running) {
      return;
    }
    this.#running.delete(roomId);
    await this.#options.broadcaster.stop(roomId);
    if (running.token !== undefined) {
      await rm(join(this.#folder, running.token), { recursive: true, force: true });
    }
  }

  /** Where it goes. The server's part of the address is the operator's: nobody can make this server connect elsewhere (threat 28). */
  #outputOf(wanted: RequestData<'live.start'>): {
    output: BroadcastOptions['output'];
    host: string | null;
    token: string | undefined;
  } {
    const { targets, hls } = this.#options.config.live;
    if (wanted.kind === 'rtmp') {
      if (!targets.includes(wanted.target)) {
        throw new CanopyError('TARGET_REFUSED', 'choose one of the servers in live.targets');
      }
      const output = { rtmp: wanted.target.replace(/\/$/, ''), key: wanted.key };
      return { output, host: new URL(wanted.target).host, token: undefined };
    }
    if (!hls) {
      throw new CanopyError('TARGET_REFUSED', 'live.hls is not set');
    }
    const token = randomBytes(16).toString('hex');
    return { output: { hls: join(this.#folder, token) }, host: null, token };
  }

  #flowing(roomId: string, isFlowing: boolean): void {
    const running = this.#running.get(roomId);
    if (running?.info && running.info.isFlowing !== isFlowing) {
      running.info = { ...running.info, isFlowing };
      running.room.append('live.changed', { live: running.info, by: null });
    }
  }
}
