import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { fromPem } from '../chain-codec.ts';
import type { CertificateSpec, CrlSpec, ExtensionSpec, KeyKind, Made, Maker } from './types.ts';

const run = promisify(execFile);

const KEY_ARGUMENTS: Record<KeyKind, string[]> = {
  'P-256': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'P-384': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  'P-521': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  'P-224': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-224'],
  secp256k1: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
  'RSA-1024': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
  'RSA-2048': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  Ed25519: ['-algorithm', 'ED25519'],
};

/** Makes certificates with the openssl program. Its files stay in the given folder. */
export class OpensslMaker implements Maker {
  readonly name = 'openssl';
  readonly #dir: string;
  #count = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async certificate(spec: CertificateSpec): Promise<Made> {
    const file = this.#files();
    const keyArguments = KEY_ARGUMENTS[spec.key ?? 'P-256'];
    if (spec.renews) {
      await writeFile(file('key'), spec.renews.keyPem);
    } else {
      await run('openssl', ['genpkey', ...keyArguments, '-out', file('key')]);
    }
    await writeFile(file('cnf'), configuration(file, { extensions: spec }));
    await writeFile(file('db'), '');
    // biome-ignore format: one argument per line is harder to read
    await run('openssl', ['req', '-new', '-key', file('key'), '-subj', `/CN=${spec.subject}`, '-out', file('csr'), '-config', file('cnf')]);
    const issuer = spec.issuer
      ? await this.#issuerFiles(spec.issuer, file)
      : ['-selfsign', '-keyfile', file('key')];
    // biome-ignore format: one argument per line is harder to read
    await run('openssl', [
      'ca', '-batch', '-notext', '-config', file('cnf'), ...(spec.version === 1 ? [] : ['-extensions', 'ext']), ...issuer,
      ...(spec.pss ? ['-sigopt', 'rsa_padding_mode:pss'] : []),
      '-startdate', opensslTime(spec.notBeforeMs), '-enddate', opensslTime(spec.notAfterMs),
      '-md', spec.hash?.replace('-', '').toLowerCase() ?? 'default', '-in', file('csr'), '-out', file('pem'),
    ]);
    const [pem, keyPem] = await Promise.all([readFile(file('pem'), 'utf8'), readFile(file('key'), 'utf8')]);
    return { name: spec.subject, der: fromPem(pem, 'CERTIFICATE')[0] ?? new Uint8Array(), pem, keyPem };
  }

  async crl({ issuer, revoked, thisUpdateMs, nextUpdateMs }: CrlSpec): Promise<string> {
    const file = this.#files();
    await writeFile(file('cnf'), configuration(file, {}));
    await writeFile(file('db'), '');
    await writeFile(file('number'), '01');
    const signer = await this.#issuerFiles(issuer, file);
    for (const [i, { pem }] of revoked.entries()) {
      const name = file(`revoked${i}.pem`);
      await writeFile(name, pem);
      await run('openssl', ['ca', '-config', file('cnf'), ...signer, '-revoke', name]);
    }
    // biome-ignore format: one argument per line is harder to read
    await run('openssl', [
      'ca', '-gencrl', '-config', file('cnf'), ...signer, '-crlexts', 'crl',
      '-crl_lastupdate', opensslTime(thisUpdateMs), '-crl_nextupdate', opensslTime(nextUpdateMs), '-out', file('crl'),
    ]);
    return readFile(file('crl'), 'utf8');
  }

  #files(): (suffix: string) => string {
    this.#count += 1;
    const stem = path.join(this.#dir, `made-${this.#count}`);
    return (suffix) => `${stem}.${suffix}`;
  }

  async #issuerFiles(issuer: Made, file: (suffix: string) => string): Promise<string[]> {
    await writeFile(file('issuer.pem'), issuer.pem);
    await writeFile(file('issuer.key'), issuer.keyPem);
    return ['-cert', file('issuer.pem'), '-keyfile', file('issuer.key')];
  }
}

function configuration(
  file: (suffix: string) => string,
  { extensions }: { extensions?: ExtensionSpec },
): string {
  return `
[req]
distinguished_name = dn
utf8 = yes
[dn]
[ca]
default_ca = own
[own]
database = ${file('db')}
new_certs_dir = ${path.dirname(file('db'))}
crlnumber = ${file('number')}
rand_serial = yes
default_md = default
policy = any
unique_subject = no
[any]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid:always
[ext]
${extensions ? extensionLines(extensions).join('\n') : ''}
`;
}

function extensionLines(spec: ExtensionSpec): string[] {
  const alternative = [
    ...(spec.email ? [`email:${spec.email}`] : []),
    ...(spec.uri ? [`URI:${spec.uri}`] : []),
  ];
  const { subjectKeyId = true, authorityKeyId = true, basicConstraintsCritical = true } = spec;
  const lines = [
    `subjectKeyIdentifier = ${subjectKeyId ? 'hash' : 'none'}`,
    `authorityKeyIdentifier = ${authorityKeyId ? 'keyid:always' : 'none'}`,
  ];
  if (spec.ca !== undefined) {
    const length = spec.pathLength === undefined ? '' : `,pathlen:${spec.pathLength}`;
    const critical = basicConstraintsCritical ? 'critical,' : '';
    lines.push(`basicConstraints = ${critical}CA:${String(spec.ca).toUpperCase()}${length}`);
  }
  if (spec.keyUsage) {
    lines.push(`keyUsage = critical,${spec.keyUsage.join(',')}`);
  }
  if (spec.extKeyUsage) {
    lines.push(`extendedKeyUsage = ${spec.extKeyUsage.join(',')}`);
  }
  if (alternative.length > 0) {
    lines.push(`subjectAltName = ${alternative.join(',')}`);
  }
  if (spec.other) {
    const hex = spec.other.valueHex.match(/../g)?.join(':');
    lines.push(`${spec.other.oid} = ${spec.other.critical ? 'critical,' : ''}DER:${hex}`);
  }
  return lines;
}

function opensslTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
}
