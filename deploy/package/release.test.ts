import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const RELEASE = fileURLToPath(new URL('release.mjs', import.meta.url));

describe('the release', () => {
  let folder: string;
  let home: string;
  before(() => {
    const work = mkdtempSync(join(tmpdir(), 'canopy-release-'));
    folder = join(work, 'release');
    home = join(work, 'home');
    mkdirSync(home);
    execFileSync(process.execPath, [RELEASE, folder], { cwd: work, stdio: ['ignore', 'pipe', 'pipe'] });
  });
  after(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  test('serves conferences and phones from an empty home, without Node, npm or a compiler on the PATH', async () => {
    const server = spawn(
      join(folder, 'canopy'),
      ['serve', '--data', join(home, 'data'), '--host', '127.0.0.1', '--port', '0', '--rtc-port', '0'],
      {
        env: {
          HOME: home,
          PATH: '/usr/bin:/bin',
          CANOPY_SIP_HOST: '127.0.0.1',
          CANOPY_SIP_PORT: '0',
          CANOPY_SIP_TLS_PORT: '0',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    try {
      const { port, printed } = await ready(server);
      assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200);
      assert.match(await (await fetch(`http://127.0.0.1:${port}/`)).text(), /<title>Canopy/);
      // The add-ons and prompts come from the release.
      assert.match(printed, /"spokenPrompts":true/);
      assert.match(printed, /G722/);
      assert.match(printed, /"srtp":\[".*AES_CM_128_HMAC_SHA1_80/);
    } finally {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
    assert.equal(server.exitCode, 0);
  });
});

/** Waits until the server reports that it is ready. */
async function ready(server: ChildProcess): Promise<{ port: number; printed: string }> {
  let printed = '';
  assert.ok(server.stdout);
  for await (const line of createInterface({ input: server.stdout })) {
    printed += `${line}\n`;
    const port = /"port":(\d+).*canopy is ready/.exec(line)?.[1];
    if (port !== undefined) {
      // Discard the rest of the output.
      server.stdout.resume();
      return { port: Number(port), printed };
    }
  }
  throw new Error(`the server ended:\n${printed}`);
}
