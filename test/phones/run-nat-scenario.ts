import { fileURLToPath } from 'node:url';
import { run } from '../../deploy/setup/index.mjs';
import type { NatNetwork } from '../support/nat-network.ts';

/** Runs a script in the server's namespace. Its first argument is the command prefix for the phones' namespace, as JSON. */
export function runNatScenario(
  network: NatNetwork,
  script: URL,
  ...more: number[]
): Promise<{ status: number; output: string }> {
  const [program = 'ip', ...args] = network.command('server');
  return run(program, [
    ...args,
    process.execPath,
    fileURLToPath(script),
    JSON.stringify(network.command('home')),
    ...more.map(String),
  ]);
}
