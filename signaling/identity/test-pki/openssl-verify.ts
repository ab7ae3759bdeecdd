import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { toPem } from '../chain-codec.ts';

export interface OpensslVerdict {
  accepted: boolean;
  /** Its stdout and stderr. */
  output: string;
}

/** Runs `openssl verify` on a chain, with the settings closest to our rules. */
export async function opensslVerify(options: {
  /** A folder for its files. */
  dir: string;
  chain: readonly Uint8Array[];
  rootsPem: string;
  crlPem?: string | undefined;
  atMs: number;
  /** Default `sslclient`. */
  purpose?: 'sslclient' | 'sslserver';
  /** Trust an authority of the bundle even if its issuer is not in the bundle. */
  partialChain?: boolean;
}): Promise<OpensslVerdict> {
  const dir = await mkdtemp(path.join(options.dir, 'verify-'));
  const file = (name: string) => path.join(dir, name);
  const [leaf = new Uint8Array(), ...others] = options.chain;
  await writeFile(file('roots.pem'), options.rootsPem);
  await writeFile(file('leaf.pem'), toPem(leaf, 'CERTIFICATE'));
  await writeFile(file('others.pem'), others.map((der) => toPem(der, 'CERTIFICATE')).join(''));
  // biome-ignore format: one argument per line is harder to read
  const settings = [
    'verify', '-x509_strict', '-auth_level', '2', '-verify_depth', '3', '-no-CApath', '-no-CAstore',
    '-purpose', options.purpose ?? 'sslclient', '-attime', String(Math.floor(options.atMs / 1000)),
    '-CAfile', file('roots.pem'),
  ];
  if (others.length > 0) {
    settings.push('-untrusted', file('others.pem'));
  }
  if (options.partialChain) {
    settings.push('-partial_chain');
  }
  if (options.crlPem !== undefined) {
    await writeFile(file('crl.pem'), options.crlPem);
    settings.push('-crl_check_all', '-CRLfile', file('crl.pem'));
  }
  const verdict = await new Promise<OpensslVerdict>((resolve) => {
    execFile('openssl', [...settings, file('leaf.pem')], (error, stdout, stderr) => {
      resolve({ accepted: error === null, output: `${stdout}${stderr}` });
    });
  });
  await rm(dir, { recursive: true });
  return verdict;
}
