import { CanopyError, type ErrorCode } from '../base/errors/index.ts';

/**
 * Converts an error from mediasoup or its worker to a coded one, with its message as detail.
 * @param unknown - the code for an object that no longer exists in the worker, but still does here
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
 * Waits for a request to a worker, and converts its error. Ends when the worker does, at the latest: mediasoup rejects pending requests
 * when the process is gone, and the heartbeat ends a process that no longer answers.
 */
export async function answered<T>(request: Promise<T>, unknown?: ErrorCode): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw codedError(error, unknown);
  }
}
