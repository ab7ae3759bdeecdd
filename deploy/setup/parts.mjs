// What `canopy` brings into place once it knows that its command line is right; it is told of this file by bin/canopy.js.
import { ensurePhoneParts } from './phone-parts.mjs';
import { ensureWorker } from './setup.mjs';

/**
 * Resolves with the path of the mediasoup worker.
 * @param {'start' | 'bench'} purpose
 */
export async function ensureParts(purpose) {
  const worker = await ensureWorker(purpose);
  if (purpose === 'start') await ensurePhoneParts();
  return worker;
}
