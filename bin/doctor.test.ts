import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CANOPY = fileURLToPath(new URL('canopy.ts', import.meta.url));

describe('canopy doctor', () => {
  let dataDir: string;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'canopy-doctor-'));
  });
  after(() => rm(dataDir, { recursive: true, force: true }));

  async function doctor(env: Record<string, string> = {}): Promise<string> {
    const ports = ['--port', '0', '--rtc-port', '0', '--sip-port', '0'];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [CANOPY, 'doctor', '--data', dataDir, '--announce', '127.0.0.1', '--workers', '1', ...ports],
      { env: { ...process.env, ...env } },
    );
    return stdout;
  }

  test('shows the codecs and the UDP of the add-ons', async () => {
    const said = await doctor();
    assert.match(said, /^ok {4}codecs {8}PCMU, PCMA, G722, opus \(native, /m);
    assert.match(said, /^ok {4}phone UDP {5}native$/m);
  });

  test('says which add-on is missing, what works without it, and how to build it', async () => {
    const said = await doctor({ CANOPY_CODECS: '/nowhere', CANOPY_UDP: '/nowhere' });
    assert.match(said, /^warn {2}codecs {8}PCMU, PCMA, opus \(portable, /m);
    assert.match(
      said,
      /^warn {2}codecs {8}The native codecs are not built; run node sip-gateway\/codecs\/build\.mjs/m,
    );
    assert.match(said, /^warn {2}phone UDP {5}portable$/m);
    assert.match(
      said,
      /^warn {2}phone UDP {5}The add-on .* is not built; run node sip-gateway\/media\/network\/build\.mjs/m,
    );
  });
});
