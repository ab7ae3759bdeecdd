import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config/index.ts';

export type { Logger };

/**
 * The process's logger: JSON lines on standard output, or readable lines on a terminal. Ids, never secrets: the fields below are
 * removed wherever they would appear.
 */
export function createLogger(
  { level, format }: Config['log'],
  destination: NodeJS.WriteStream = process.stdout,
): Logger {
  const options = {
    level,
    base: null,
    redact: {
      paths: [
        'secret',
        'signature',
        'ticket',
        'authorization',
        '*.secret',
        '*.signature',
        '*.ticket',
        '*.authorization',
      ],
      remove: true,
    },
  };
  const readable = format === 'pretty' || (format === 'auto' && destination.isTTY);
  return readable
    ? pino(
        options,
        pretty({
          colorize: destination.isTTY,
          destination,
          translateTime: 'HH:MM:ss',
          ignore: 'pid,hostname',
        }),
      )
    : pino(options, destination);
}
