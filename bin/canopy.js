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
  const args = process.argv.slice(2);
  const command = args[0] ?? '';
  const runs = ['serve', 'sip', 'doctor'].includes(command);
  const env = { ...process.env };
  // An invitation, a list or help waits for no download.
  if (runs || command === 'bench') env.MEDIASOUP_WORKER_BIN = await ensureWorker(runs ? 'start' : 'bench');
  if (runs) await ensurePhoneParts();
  return await become(node, [program, ...args], env);
});
