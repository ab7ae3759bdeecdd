// What `canopy` installs once its command line is validated. bin/canopy.js passes on the path of this file.
import { ensurePhoneParts } from './phone-parts.mjs';
import { ensureWorker } from './setup.mjs';

/**
 * Resolves with the path of the mediasoup worker.
 * @param {'start' | 'bench'} purpose
 */
export async function ensureParts(purpose) {
  const worker = await ensureWorker(purpose);
  if (purpose === 'start') {
    await ensurePhoneParts();
  }
  return worker;
}
