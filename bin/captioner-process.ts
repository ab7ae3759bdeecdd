/** The captioner as a child process of `canopy serve`. */
import { CanopyError, type Config, createLogger, type Logger } from '../base/index.ts';
import { RoomListener } from '../recorder/index.ts';
import type { ListenOptions } from '../signaling/index.ts';
import type { FromCaptioner, ToCaptioner } from './captioner-messages.ts';
import { CaptionerMetrics } from './captioner-metrics.ts';
import { becomeChild } from './child-process.ts';
import { OwnSessions } from './own-sessions.ts';

interface Context {
  config: Config;
  log: Logger;
  sessions: OwnSessions;
}

const listeners = new Map<string, RoomListener>();
/** What is being done for a room: commands about the same room wait for each other. */
const working = new Map<string, Promise<void>>();
const metrics = new CaptionerMetrics(() => listeners.size);

let context: Context | undefined;

const child = becomeChild<ToCaptioner, FromCaptioner>({
  take,
  close: () => Promise.allSettled([...listeners.values()].map((listener) => listener.close())),
  closeMs: 2_000,
});

async function take(message: ToCaptioner): Promise<void> {
  switch (message.type) {
    case 'begin': {
      const { config, url } = message;
      const log = createLogger(config.log).child({ part: 'captions' });
      context = { config, log, sessions: new OwnSessions('captioner', { config, url }) };
      child.send({ type: 'ready' });
      break;
    }
    case 'start':
      answerInTurn(message.id, message.options.roomId, () => start(message.options));
      break;
    case 'stop':
      answerInTurn(message.id, message.roomId, () => stop(message.roomId));
      break;
    case 'metrics':
      child.send({ type: 'metrics', id: message.id, text: await metrics.registry.metrics() });
      break;
    case 'close':
      await child.exit();
  }
}

/** A stop that comes during a start must not be overtaken by it. */
function answerInTurn(id: number, roomId: string, act: () => Promise<void>): void {
  const turn = (working.get(roomId) ?? Promise.resolve())
    .then(() => answer(id, act))
    .finally(() => {
      if (working.get(roomId) === turn) {
        working.delete(roomId);
      }
    });
  working.set(roomId, turn);
}

async function answer(id: number, act: () => Promise<void>): Promise<void> {
  try {
    await act();
    child.send({ type: 'done', id });
  } catch (error) {
    context?.log.error({ err: error }, 'the captioner could not carry out a command');
    child.send({ type: 'refused', id, error: CanopyError.from(error).toJSON() });
  }
}

async function start({ roomId, language }: ListenOptions): Promise<void> {
  const url = context?.config.captions.url;
  if (context === undefined || url === undefined) {
    throw new CanopyError('CAPTIONS_UNAVAILABLE');
  }
  const { config, log, sessions } = context;
  const listener = await RoomListener.start({
    roomId,
    language,
    maxVoices: config.captions.voices,
    service: { url, secret: config.captions.secret },
    join: (room) => sessions.join(room),
    log,
  });
  listeners.set(roomId, listener);
  listener.on('heard', (participantId, { text, isFinal }) => {
    metrics.texts.inc();
    child.send({ type: 'spoken', roomId, spoken: { participantId, text, isFinal } });
  });
  listener.on('failed', () => {
    metrics.failures.inc();
    child.send({ type: 'unheard', roomId });
  });
  listener.once('ended', (error) => {
    listeners.delete(roomId);
    child.send({ type: 'ended', roomId, error: error.toJSON() });
  });
}

async function stop(roomId: string): Promise<void> {
  const listener = listeners.get(roomId);
  listeners.delete(roomId);
  await listener?.close();
}
