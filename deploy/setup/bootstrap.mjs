#!/usr/bin/env node
// The first thing that runs in a fresh clone: plain JavaScript without dependencies, for Node 18 and newer. It installs
// what the command needs, then runs it on the right Node.
//
//   bootstrap.mjs start [FLAGS OF canopy serve]
//   bootstrap.mjs test [--long] [PATTERN ...]
//   bootstrap.mjs screenshots [FOLDER]
//   bootstrap.mjs bench [SCENARIO] [FLAGS OF canopy bench]
//   bootstrap.mjs setup [test | bench]            installs only
//   bootstrap.mjs worker                          prints the path of the mediasoup worker
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { compileCacheFolder, root } from './paths.mjs';
import { become } from './processes.mjs';
import { reportErrors, say } from './progress.mjs';
import { ensureWorker, setUp } from './setup.mjs';
import { programVariables } from './system.mjs';

const [command, ...args] = process.argv.slice(2);

await reportErrors(main);

async function main() {
  switch (command) {
    case 'start': {
      const { node, worker } = await setUp('start');
      return await become(node, [join(root, 'bin', 'canopy.ts'), 'serve', ...args], environment(worker));
    }
    case 'test': {
      const { node, worker } = await setUp(args.includes('--long') ? 'test-long' : 'test');
      return await become(node, [join(root, 'test', 'run.ts'), ...args], {
        ...environment(worker),
        ...programVariables(),
      });
    }
    case 'screenshots': {
      const { node, worker } = await setUp('test');
      return await become(node, [join(root, 'test', 'screenshots.ts'), ...args], environment(worker));
    }
    case 'bench': {
      const { node, worker } = await setUp('bench');
      return await become(node, [join(root, 'bin', 'canopy.ts'), 'bench', ...args], environment(worker));
    }
    case 'setup':
      await setUp(args[0] === 'test' || args[0] === 'bench' ? args[0] : 'start');
      say('set-up is complete');
      return 0;
    case 'worker':
      process.stdout.write(`${await ensureWorker('start')}\n`);
      return 0;
    default:
      throw new SetupError(
        'Unknown command. Use `npm start`, `npm test`, `npm run bench` or `npm run setup`.',
      );
  }
}

/** @param {string} worker */
function environment(worker) {
  return {
    ...process.env,
    MEDIASOUP_WORKER_BIN: worker,
    // A server that finds its compiled code there starts with 40 % less processor time.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE || compileCacheFolder,
  };
}
