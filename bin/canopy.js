#!/usr/bin/env node
// The canopy command, for any Node that npm may have: finds a Node that runs Canopy, then runs bin/canopy.ts in a checkout, or what it
// was compiled to in an installed package. That brings into place what a command needs, once it knows that the command line is right.
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
