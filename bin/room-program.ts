import type { Registry } from 'prom-client';
import { CanopyError, type Config, createLogger, type Logger } from '../base/index.ts';
import { becomeChild } from './child-process.ts';
import { OwnSessions } from './own-sessions.ts';
import type { FromRoomProgram, ToRoomProgram } from './room-program-messages.ts';

/** What the program does in one room. */
export interface RoomWork {
  close(): Promise<void>;
}

export interface RoomContext<Report> {
  config: Config;
  log: Logger;
  sessions: OwnSessions;
  report(report: Report): void;
  /** The work has ended by itself. */
  ended(error: CanopyError): void;
}

export interface RoomProgramOptions<Options, Report> {
  /** Its identity, and its name in the log. */
  name: 'captioner' | 'broadcaster';
  /** @param rooms how many rooms it works in */
  metrics(rooms: () => number): { registry: Registry };
  /** @throws {CanopyError} why it cannot */
  start(options: Options, context: RoomContext<Report>): Promise<RoomWork>;
  /** How long leaving all rooms may take, in milliseconds. */
  closeMs: number;
}

/** Makes this process a child of `canopy serve` that works in the rooms that RoomProgramSupervisor names. */
export function becomeRoomProgram<Options extends { roomId: string }, Report>({
  name,
  metrics,
  start,
  closeMs,
}: RoomProgramOptions<Options, Report>): void {
  const works = new Map<string, RoomWork>();
  /** What is being done for a room: commands about the same room wait for each other. */
  const turns = new Map<string, Promise<void>>();
  const { registry } = metrics(() => works.size);
  let context: Pick<RoomContext<Report>, 'config' | 'log' | 'sessions'> | undefined;
  const child = becomeChild<ToRoomProgram<Options>, FromRoomProgram<Report>>({
    take,
    close: () => Promise.allSettled([...works.values()].map((work) => work.close())),
    closeMs,
  });

  async function take(message: ToRoomProgram<Options>): Promise<void> {
    switch (message.type) {
      case 'begin': {
        const { config, url } = message;
        const log = createLogger(config.log).child({ part: name });
        context = { config, log, sessions: new OwnSessions(name, { config, url }) };
        child.send({ type: 'ready' });
        break;
      }
      case 'start':
        answerInTurn(message.id, message.options.roomId, () => begin(message.id, message.options));
        break;
      case 'stop':
        answerInTurn(message.id, message.roomId, () => end(message.roomId));
        break;
      case 'metrics':
        child.send({ type: 'metrics', id: message.id, text: await registry.metrics() });
        break;
      case 'close':
        await child.exit();
    }
  }

  /** A stop that comes during a start must not be overtaken by it. */
  function answerInTurn(id: number, roomId: string, act: () => Promise<void>): void {
    const turn = (turns.get(roomId) ?? Promise.resolve())
      .then(() => answer(id, act))
      .finally(() => {
        if (turns.get(roomId) === turn) {
          turns.delete(roomId);
        }
      });
    turns.set(roomId, turn);
  }

  async function answer(id: number, act: () => Promise<void>): Promise<void> {
    try {
      await act();
      child.send({ type: 'done', id });
    } catch (error) {
      context?.log.error({ err: error }, `the ${name} could not carry out a command`);
      const coded = CanopyError.from(error);
      child.send({ type: 'refused', id, error: coded.toJSON() });
    }
  }

  async function begin(startId: number, options: Options): Promise<void> {
    if (context === undefined) {
      throw new CanopyError('INTERNAL', 'it has not begun');
    }
    const { roomId } = options;
    let hasEnded = false;
    const work = await start(options, {
      ...context,
      report: (report) => child.send({ type: 'report', startId, roomId, report }),
      ended: (error) => {
        hasEnded = true;
        works.delete(roomId);
        child.send({ type: 'ended', startId, roomId, error: error.toJSON() });
      },
    });
    if (!hasEnded) {
      works.set(roomId, work);
    }
  }

  async function end(roomId: string): Promise<void> {
    const work = works.get(roomId);
    works.delete(roomId);
    await work?.close();
  }
}
