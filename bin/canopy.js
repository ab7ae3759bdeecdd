#!/usr/bin/env node
// The canopy command, for any Node version npm may run on: finds a Node that can run Canopy, then runs bin/canopy.ts in a checkout or its
// compiled form in an installed package. That program validates the command line, then installs what the command needs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { become, findNode, reportErrors, root } from '../deploy/setup/index.mjs';

await reportErrors(async () => {
  const source = join(root, 'bin', 'canopy.ts');
  const program = existsSync(source) ? source : join(root, 'dist', 'bin', 'canopy.js');
  const setup = pathToFileURL(join(root, 'deploy', 'setup', 'parts.mjs')).href;
  return await become(findNode(), [program, ...process.argv.slice(2)], {
    ...process.env,
    CANOPY_SETUP: setup,
  });
});
