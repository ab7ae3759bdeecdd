import { readFileSync } from 'node:fs';
import { builtWorker } from '../../deploy/setup/index.mjs';

/** An environment variable that only a worker with the recipe's patches knows. */
const MARK = 'MEDIASOUP_UDP_SEGMENTATION';

/** Whether a worker has the patches of the recipe: the set-up's, or one that the recipe built elsewhere, with sanitizers say. */
export function isPatched(worker: string | undefined): boolean {
  return worker !== undefined && (worker === builtWorker() || readFileSync(worker).includes(MARK));
}
