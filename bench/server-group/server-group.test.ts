import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { eventually } from '../../test/support/wait.ts';
import { quotaOf, ServerGroup } from './server-group.ts';

const unavailable = await ServerGroup.create(`canopy-try-${process.pid}`).then(
  async (group) => {
    await group.remove();
    return false as const;
  },
  (error: Error) => error.message,
);

test('a quota has a period of 2 ms, or a longer one where the kernel needs it', () => {
  assert.deepEqual(quotaOf(1.5), { quotaUs: 3000, periodUs: 2000 });
  assert.deepEqual(quotaOf(0.5), { quotaUs: 1000, periodUs: 2000 });
  assert.deepEqual(quotaOf(0.2), { quotaUs: 1000, periodUs: 5000 });
  for (let cores = 0.01; cores < 4; cores += 0.017) {
    const { quotaUs, periodUs } = quotaOf(cores);
    assert.ok(quotaUs >= 1000 && Math.abs(quotaUs / periodUs - cores) < 0.01 * cores + 0.001, `${cores}`);
  }
});

test('a killed benchmark leaves neither its server nor its group', { skip: unavailable }, async () => {
  const name = `canopy-killed-${process.pid}`;
  const exists = () => ['', 'cpu/'].some((hierarchy) => existsSync(`/sys/fs/cgroup/${hierarchy}${name}`));
  const program = `
    import { spawn } from 'node:child_process';
    import { ServerGroup } from ${JSON.stringify(new URL('server-group.ts', import.meta.url))};
    const group = await ServerGroup.create(${JSON.stringify(name)});
    const [server, ...args] = group.wrap(['sleep', '1000']);
    spawn(server, args, { stdio: 'ignore' });
    while ((await group.pids()).length === 0);
    console.log('runs');
  `;
  const benchmark = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: benchmark.stdout }), 'line');
  assert.equal(exists(), true);
  benchmark.kill('SIGKILL');
  // A group with a process in it cannot be removed.
  await eventually('the group is gone', () => !exists());
});
