import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importPKCS8, SignJWT } from 'jose';

export interface Signing {
  orig: string;
  dest: string[];
  attest?: string;
  /** Unix time in seconds. Default: now. */
  iat?: number;
  /** Default: the URL of the operator's certificate. */
  url?: string;
}

/** An operator that signs its callers' numbers: an authority, a certificate made by openssl, and a server that has it. */
export class StirOperator {
  readonly #dir = mkdtempSync(join(tmpdir(), 'canopy-stir-'));
  readonly #server: Server;
  readonly #paths = new Map<string, string>();
  /** Number of requests for certificates. */
  requests = 0;

  private constructor() {
    this.#authority('sti');
    this.#authority('web');
    this.#certificate('web', 'server', 'subjectAltName=DNS:localhost,IP:127.0.0.1');
    this.#server = createServer(
      { key: this.#read('server.key'), cert: this.#read('server.pem') },
      (request, response) => {
        this.requests += 1;
        const path = request.url ?? '';
        if (path === '/moved.pem') {
          response.writeHead(302, { location: '/main.pem' }).end();
        } else if (path === '/endless.pem') {
          response.end('x'.repeat(100_000));
        } else {
          response.writeHead(this.#paths.has(path) ? 200 : 404).end(this.#paths.get(path));
        }
      },
    );
  }

  static async start(): Promise<StirOperator> {
    const operator = new StirOperator();
    operator.#server.listen(0, '127.0.0.1');
    await once(operator.#server, 'listening');
    operator.issue('main', 'spc=EXP:0,IA5STRING:1234');
    return operator;
  }

  /** Host and port of its certificates. */
  get host(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The authority that its certificates are issued by, PEM. */
  get trustedCa(): string {
    return this.#read('sti.pem');
  }

  /** File with the authority that its web server is certified by. */
  get webCaFile(): string {
    return join(this.#dir, 'web.pem');
  }

  /** Issues another certificate, with this TNAuthList in openssl's notation (default: none), by this authority. Returns its URL. */
  issue(name: string, list?: string, authority = 'sti'): string {
    if (authority !== 'sti') {
      this.#authority(authority);
    }
    const extension = list === undefined ? '' : `1.3.6.1.5.5.7.1.26=ASN1:SEQUENCE:list\n[list]\n${list}`;
    this.#certificate(authority, name, `keyUsage=critical,digitalSignature\n${extension}`);
    this.#paths.set(`/${name}.pem`, this.#read(`${name}.pem`));
    return this.url(name);
  }

  url(name = 'main'): string {
    return `https://${this.host}/${name}.pem`;
  }

  /** The value of Identity for a call. */
  async sign({
    orig,
    dest,
    attest = 'A',
    iat = Math.floor(Date.now() / 1000),
    url = this.url(),
  }: Signing): Promise<string> {
    const [, name = 'main'] = /\/(\w+)\.pem$/.exec(url) ?? [];
    const file = this.#paths.has(`/${name}.pem`) ? name : 'main';
    const key = await importPKCS8(this.#read(`${file}.key`), 'ES256');
    const token = await new SignJWT({
      attest,
      dest: { tn: dest },
      iat,
      orig: { tn: orig },
      origid: randomUUID(),
    })
      .setProtectedHeader({ alg: 'ES256', ppt: 'shaken', typ: 'passport', x5u: url })
      .sign(key);
    return `${token};info=<${url}>;alg=ES256;ppt="shaken"`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#dir, { recursive: true });
  }

  #read(name: string): string {
    return readFileSync(join(this.#dir, name), 'utf8');
  }

  #openssl(...parts: string[]): void {
    execFileSync('openssl', parts, { cwd: this.#dir, stdio: 'ignore' });
  }

  #authority(name: string): void {
    // biome-ignore format: one argument per line is harder to read
    this.#openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
      '-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-keyout', `${name}.key`, '-out', `${name}.pem`);
  }

  #certificate(authority: string, name: string, extensions: string): void {
    const always =
      'basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n';
    writeFileSync(join(this.#dir, `${name}.cnf`), always + extensions);
    // biome-ignore format: one argument per line is harder to read
    this.#openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=SHAKEN 1234`,
      '-keyout', `${name}.key`, '-out', `${name}.csr`);
    // biome-ignore format: one argument per line is harder to read
    this.#openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-days', '1',
      '-extfile', `${name}.cnf`, '-out', `${name}.pem`);
  }
}
