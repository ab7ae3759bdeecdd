import { CanopyError, type ErrorCode } from '../base/errors/index.ts';

/**
 * Gives what mediasoup or its worker threw a code of ours, the reason as detail.
 * @param unknown - The code for an object that has gone in the worker, though not yet here.
 */
export function codedError(error: unknown, unknown: ErrorCode = 'MEDIA_REJECTED'): CanopyError {
  if (error instanceof CanopyError) {
    return error;
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const options = { cause: error };
  if (name === 'WorkerClosedError') {
    return new CanopyError('WORKER_UNAVAILABLE', undefined, options);
  }
  if (name === 'UnsupportedError') {
    return new CanopyError('CODEC_UNSUPPORTED', message, options);
  }
  if (/not found/.test(message)) {
    return new CanopyError(unknown, message, options);
  }
  return new CanopyError('MEDIA_REJECTED', message, options);
}

/**
 * Waits for a request to a worker. It ends at the latest with the worker: mediasoup rejects what is pending when the process is
 * gone, and the heartbeat makes sure that one which has stopped answering goes.
 */
export async function answered<T>(request: Promise<T>, unknown?: ErrorCode): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw codedError(error, unknown);
  }
}
