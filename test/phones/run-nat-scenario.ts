import { fileURLToPath } from 'node:url';
import { run } from '../../deploy/setup/index.mjs';
import type { NatNetwork } from '../support/nat-network.ts';

const SCENARIO = fileURLToPath(new URL('nat-scenario.ts', import.meta.url));

/** Runs nat-scenario.ts in the server's namespace. */
export function runNatScenario(
  network: NatNetwork,
  { rounds, roundSeconds }: { rounds: number; roundSeconds: number },
): Promise<{ status: number; output: string }> {
  const [program = 'ip', ...args] = network.command('server');
  return run(program, [
    ...args,
    process.execPath,
    SCENARIO,
    JSON.stringify(network.command('home')),
    `${rounds}`,
    `${roundSeconds}`,
  ]);
}
