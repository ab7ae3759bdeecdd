import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CertificateOptions {
  /** Its name in this PKI, and of its files. */
  name: string;
  /** Common name. Default: `name`. */
  subject?: string;
  /** The issuer's name. Default: itself. */
  issuer?: string;
  /** Lines of the openssl extension section. Default: LEAF. */
  extensions?: string[];
  key?: 'P-256' | 'RSA-1024';
  hash?: 'sha1' | 'sha256';
  /** Validity, in days from now. Default -1 to 30. */
  days?: [from: number, to: number];
}

const DAY_MS = 86_400_000;
export const LEAF = ['basicConstraints=CA:FALSE', 'extendedKeyUsage=clientAuth'];
export const AUTHORITY = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];

/** A company's PKI, created with the openssl program in a temporary folder. */
export class CompanyPki {
  readonly #dir = mkdtempSync(join(tmpdir(), 'canopy-pki-'));
  #lists = 0;

  /** Issues a certificate for a new key. */
  async issue(options: CertificateOptions): Promise<void> {
    const { name, subject = name, issuer = name, extensions = LEAF } = options;
    const { key = 'P-256', hash = 'sha256', days = [-1, 30] } = options;
    const algorithm =
      key === 'P-256'
        ? ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
        : ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'];
    await run('openssl', ['genpkey', ...algorithm, '-out', this.file(name, 'key')]);
    const config = this.#configuration(name, extensions);
    const request = this.file(name, 'csr');
    const own = ['-key', this.file(name, 'key'), '-subj', `/CN=${subject}`];
    await run('openssl', ['req', '-new', ...own, '-config', config, '-out', request]);
    const signer = issuer === name ? ['-selfsign', '-keyfile', this.file(name, 'key')] : this.#signer(issuer);
    await run('openssl', [
      ...['ca', '-batch', '-notext', '-config', config, '-extensions', 'ext', ...signer, '-md', hash],
      ...['-startdate', opensslTime(days[0]), '-enddate', opensslTime(days[1])],
      ...['-in', request, '-out', this.file(name, 'pem')],
    ]);
  }

  /** Creates the issuer's revocation list with these certificates. Returns its path. */
  async revoke(issuer: string, ...names: string[]): Promise<string> {
    this.#lists += 1;
    const list = `list-${this.#lists}`;
    const config = this.#configuration(list, []);
    for (const name of names) {
      await run('openssl', [
        'ca',
        '-config',
        config,
        ...this.#signer(issuer),
        '-revoke',
        this.file(name, 'pem'),
      ]);
    }
    const file = this.file(list, 'crl');
    await run('openssl', [
      ...['ca', '-gencrl', '-config', config, ...this.#signer(issuer), '-crlexts', 'crl'],
      ...['-crldays', '30', '-out', file],
    ]);
    return file;
  }

  /** Path of a certificate (`pem`), its key (`key`) and so on. */
  file(name: string, suffix: string): string {
    return join(this.#dir, `${name.replace(/\W/g, '-')}.${suffix}`);
  }

  /** These certificates in this order, PEM. */
  pem(...names: string[]): string {
    return names.map((name) => readFileSync(this.file(name, 'pem'), 'utf8')).join('');
  }

  /** The private key, PKCS#8 PEM. */
  key(name: string): string {
    return readFileSync(this.file(name, 'key'), 'utf8');
  }

  close(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #signer(issuer: string): string[] {
    return ['-cert', this.file(issuer, 'pem'), '-keyfile', this.file(issuer, 'key')];
  }

  #configuration(name: string, extensions: string[]): string {
    const config = this.file(name, 'cnf');
    const alternative = extensions.includes('basicConstraints=CA:FALSE')
      ? [`subjectAltName=email:${name.replace(/\W/g, '-')}@company.example`]
      : [];
    writeFileSync(this.file(name, 'db'), '');
    writeFileSync(this.file(name, 'number'), '01');
    const sections = {
      req: ['distinguished_name=dn'],
      dn: [],
      ca: ['default_ca=own'],
      own: [
        `database=${this.file(name, 'db')}`,
        `crlnumber=${this.file(name, 'number')}`,
        `new_certs_dir=${this.#dir}`,
        ...['rand_serial=yes', 'default_md=sha256', 'policy=any', 'unique_subject=no'],
      ],
      any: ['commonName=supplied'],
      crl: ['authorityKeyIdentifier=keyid:always'],
      ext: [
        ...['subjectKeyIdentifier=hash', 'authorityKeyIdentifier=keyid:always'],
        ...extensions,
        ...alternative,
      ],
    };
    const text = Object.entries(sections).map(([title, lines]) => `[${title}]\n${lines.join('\n')}\n`);
    writeFileSync(config, text.join(''));
    return config;
  }
}

function opensslTime(daysFromNow: number): string {
  const time = new Date(Date.now() + daysFromNow * DAY_MS).toISOString();
  return `${time.replace(/[-:T]/g, '').slice(0, 14)}Z`;
}
