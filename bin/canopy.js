#!/usr/bin/env node
// The canopy command, for any Node that npm may have: finds a Node that runs Canopy and a mediasoup worker, then runs
// bin/canopy.ts in a checkout, or what it was compiled to in an installed package.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  become,
  ensurePhoneParts,
  ensureWorker,
  findNode,
  reportErrors,
  root,
} from '../deploy/setup/index.mjs';

await reportErrors(async () => {
  const source = join(root, 'bin', 'canopy.ts');
  const program = existsSync(source) ? source : join(root, 'dist', 'bin', 'canopy.js');
  const node = findNode();
  const worker = await ensureWorker(node, process.argv[2] === 'bench' ? 'bench' : 'start');
  if (['serve', 'sip', 'doctor'].includes(process.argv[2])) await ensurePhoneParts();
  return await become(node, [program, ...process.argv.slice(2)], {
    ...process.env,
    MEDIASOUP_WORKER_BIN: worker,
  });
});
