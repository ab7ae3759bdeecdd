import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config/index.ts';

export type { Logger };

/**
 * The process's logger: JSON lines on standard output, or readable lines on a terminal. It logs ids, never secrets: the fields below are
 * removed wherever they appear. A line that cannot be written (full disk, reader gone) is lost without further effect.
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
  if (!readable) {
    return pino(options, toleratingErrors(destination));
  }
  // Without this, the first failed write would end pino's pipeline permanently.
  const output = toleratingErrors(destination);
  const sink = new Writable({
    write: (line, _encoding, done) => {
      output.write(line);
      done();
    },
  });
  return pino(
    options,
    pretty({
      colorize: destination.isTTY,
      destination: sink,
      translateTime: 'HH:MM:ss',
      ignore: 'pid,hostname',
    }),
  );
}

/** An unhandled stream error would end the process. */
function toleratingErrors<S extends NodeJS.WriteStream>(stream: S): S {
  if (!stream.listeners('error').includes(ignore)) {
    stream.on('error', ignore);
  }
  return stream;
}

function ignore(): void {}
