import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompanyPki } from './openssl.ts';
import { connectWhenUp, freePort } from './programs.ts';

const PATIENCE_MS = 15_000;
const RELAY_PORTS = { min: 49_160, max: 49_399 };

/** What its client prints about an allocation and a channel to the peer. */
const VERDICTS = [
  [/Cannot complete Allocation/i, 'refused'],
  [/error 403/, 'forbidden peer'],
  [/cb response received:\s+\d+: : success/, 'relays'],
] as const;

/** Values for the placeholders in the recipe of docs/turn.md. */
interface Stand {
  secret: string;
  /** The only address that it relays to. */
  peer: string;
}

/** coturn in its own process on 127.0.0.1, configured as documented. */
export class Coturn {
  readonly port: number;
  readonly tlsPort: number;
  /** SHA-256 of its certificate's public key, base64. */
  readonly publicKeyHash: string;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #pki: CompanyPki;

  private constructor(
    process: ChildProcess,
    own: { folder: string; pki: CompanyPki; port: number; tlsPort: number; publicKeyHash: string },
  ) {
    this.#process = process;
    this.#folder = own.folder;
    this.#pki = own.pki;
    this.port = own.port;
    this.tlsPort = own.tlsPort;
    this.publicKeyHash = own.publicKeyHash;
  }

  static async start({ secret, peer }: Stand): Promise<Coturn> {
    const folder = await mkdtemp(join(tmpdir(), 'coturn-'));
    const pki = new CompanyPki();
    await pki.issue({
      name: 'turn',
      extensions: ['basicConstraints=CA:FALSE', 'extendedKeyUsage=serverAuth'],
    });
    const [port, tlsPort] = [await freePort(), await freePort()];
    const values: Record<string, string | number> = {
      'listening-ip': '127.0.0.1',
      'relay-ip': '127.0.0.1',
      'listening-port': port,
      'tls-listening-port': tlsPort,
      cert: pki.file('turn', 'pem'),
      pkey: pki.file('turn', 'key'),
      'static-auth-secret': secret,
      'allowed-peer-ip': peer,
    };
    const recipe = (await documentedConfiguration()).replace(/^([\w-]+)=.*$/gm, (line, key: string) =>
      key in values ? `${key}=${values[key]}` : line,
    );
    // Additional settings for loopback.
    const loopbackSettings = [
      'allow-loopback-peers',
      `min-port=${RELAY_PORTS.min}`,
      `max-port=${RELAY_PORTS.max}`,
      `pidfile=${join(folder, 'pid')}`,
      `userdb=${join(folder, 'db')}`,
    ];
    const file = join(folder, 'turnserver.conf');
    await writeFile(file, `${recipe}\n${loopbackSettings.join('\n')}\n`);
    const child = spawn('turnserver', ['-c', file], { cwd: folder, stdio: 'ignore' });
    for (const each of [port, tlsPort]) {
      (await connectWhenUp(each, child)).destroy();
    }
    return new Coturn(child, { folder, pki, port, tlsPort, publicKeyHash: hashOf(pki) });
  }

  /** Whether a client's address, e.g. `127.0.0.1:49200`, is in its relay range. */
  isRelayed(client: string): boolean {
    const port = Number(client.split(':')[1]);
    return port >= RELAY_PORTS.min && port <= RELAY_PORTS.max;
  }

  /** Whether coturn's own client may send to an address over UDP with these credentials. */
  async tryOut(
    { username, credential }: { username?: string | undefined; credential?: string | undefined },
    peer: string,
  ): Promise<'relays' | 'forbidden peer' | 'refused'> {
    const how = ['-p', String(this.port)];
    const who = ['-u', username ?? '', '-w', credential ?? ''];
    const what = ['-e', peer, '-n', '1', '-m', '1', '-v', '127.0.0.1'];
    // Read line by line: the client runs on long after the verdict.
    const client = spawn('stdbuf', ['-oL', 'turnutils_uclient', ...how, ...who, ...what], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: PATIENCE_MS,
    });
    const ended = once(client, 'exit');
    let output = '';
    try {
      for await (const chunk of client.stdout) {
        output += chunk;
        const [, verdict] = VERDICTS.find(([pattern]) => pattern.test(output)) ?? [];
        if (verdict) {
          return verdict;
        }
      }
    } finally {
      client.kill('SIGKILL');
      await ended;
    }
    throw new Error(`turnutils_uclient said neither yes nor no:\n${output}`);
  }

  async stop(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await gone;
    this.#pki.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function documentedConfiguration(): Promise<string> {
  const page = await readFile(new URL('../../docs/turn.md', import.meta.url), 'utf8');
  const [, configuration] = /```\n(# \/etc\/turnserver\.conf\n[^`]+)```/.exec(page) ?? [];
  if (configuration === undefined) {
    throw new Error('docs/turn.md has no configuration');
  }
  return configuration;
}

function hashOf(pki: CompanyPki): string {
  const { publicKey } = new X509Certificate(pki.pem('turn'));
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}
