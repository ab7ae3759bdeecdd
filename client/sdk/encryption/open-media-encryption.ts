import { CanopyError } from '../../../contract/light.ts';
import type { MediaEncryption } from './media/index.ts';

/** Whether this browser can encrypt media end to end; ask before joining a room that requires it. Programs outside browsers can. */
export function encryptedMediaSupported(): boolean {
  return typeof RTCPeerConnection === 'undefined' || typeof RTCRtpScriptTransform !== 'undefined';
}

/**
 * Loads what encrypts media, for JoinOptions.encryption. Give it keys with setEpoch(); until then nothing is sent. Close it after leaving.
 *
 * @throws {CanopyError} UNSUPPORTED_PLATFORM - this browser cannot encrypt media, or does not load the code
 */
export async function openMediaEncryption(): Promise<MediaEncryption> {
  if (!encryptedMediaSupported()) {
    throw new CanopyError('UNSUPPORTED_PLATFORM', 'no RTCRtpScriptTransform');
  }
  const { MediaEncryption } = await import('./media/index.ts');
  return MediaEncryption.open();
}
