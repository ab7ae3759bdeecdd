import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AUTHORITY, CompanyPki } from './openssl.ts';
import { connectWhenUp, freePort, installed } from './programs.ts';

/** Let's Encrypt's ACME server for tests, in its own process. It rejects every fifth nonce, as its default is more often. */
export class Pebble {
  /** Why tests that need it are skipped; false if it is installed. */
  static async missing(): Promise<string | false> {
    return (await installed('pebble'))
      ? false
      : 'pebble is not installed: go install github.com/letsencrypt/pebble/v2/cmd/pebble@latest, and add its folder to PATH';
  }

  readonly directory: string;
  /** The authority of its HTTPS certificate, a PEM file. */
  readonly caFile: string;
  readonly #process: ChildProcess;
  readonly #dir: string;

  private constructor(process: ChildProcess, dir: string, port: number) {
    this.#process = process;
    this.#dir = dir;
    this.directory = `https://localhost:${port}/dir`;
    this.caFile = join(dir, 'ca.pem');
  }

  /** @param tlsPort where it tries the challenge tls-alpn-01, instead of port 443 */
  static async start(tlsPort: number): Promise<Pebble> {
    const dir = mkdtempSync(join(tmpdir(), 'canopy-pebble-'));
    const pki = new CompanyPki();
    await pki.issue({ name: 'ca', extensions: AUTHORITY });
    await pki.issue({
      name: 'pebble',
      issuer: 'ca',
      extensions: [
        'basicConstraints=critical,CA:FALSE',
        'extendedKeyUsage=serverAuth',
        'subjectAltName=DNS:localhost',
      ],
    });
    const [port, managementPort] = [await freePort(), await freePort()];
    const file = (name: string, text: string) => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    };
    file('ca.pem', pki.pem('ca'));
    const pebble = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: file('pebble.pem', pki.pem('pebble')),
      privateKey: file('pebble.key', pki.key('pebble')),
      httpPort: 1,
      tlsPort,
      profiles: { default: { description: 'for tests', validityPeriod: 7_776_000 } },
      retryAfter: { authz: 1, order: 1 },
    };
    const process = spawn('pebble', ['-config', file('config.json', JSON.stringify({ pebble }))], {
      stdio: 'ignore',
      env: { ...globalThis.process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20' },
    });
    pki.close();
    (await connectWhenUp(port, process)).destroy();
    return new Pebble(process, dir, port);
  }

  close(): void {
    this.#process.kill('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
