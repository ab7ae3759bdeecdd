import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Identity, type ImportOptions, importIdentity } from '../../client/sdk/index.ts';
// biome-ignore lint/plugin: the PKI of the server's tests
import { LibraryMaker, type Made, Pki } from '../../signaling/identity/test-pki/index.ts';

/** A company with a PKI, and the files that a server reads of it. */
export class Company {
  readonly pki: Pki;
  readonly #dir: string;
  #listedAtMs: number;

  static async create(): Promise<Company> {
    const dir = await mkdtemp(join(tmpdir(), 'canopy-company-'));
    const company = new Company(dir, await Pki.create(new LibraryMaker()));
    await writeFile(company.#caBundle, company.pki.root.pem);
    await company.revoke([]);
    return company;
  }

  private constructor(dir: string, pki: Pki) {
    this.#dir = dir;
    this.pki = pki;
    this.#listedAtMs = pki.nowMs - 3_600_000;
  }

  /** For a server: `lists`: with its revocation lists. */
  settings({ lists = false } = {}): Record<string, unknown> {
    return {
      'identity.policy': 'pki',
      'identity.caBundle': this.#caBundle,
      ...(lists && { 'identity.crl': this.#crl }),
    };
  }

  /** Writes new revocation lists, with these certificates of the issuing authority. */
  async revoke(leaves: Made[]): Promise<void> {
    const { pki } = this;
    // Each list is newer than the one before it. Times in lists are whole seconds.
    this.#listedAtMs += 1000;
    const age = { thisUpdateMs: this.#listedAtMs };
    const lists = [await pki.crl(pki.root, [], age), await pki.crl(pki.issuing, leaves, age)];
    await writeFile(this.#crl, lists.join(''));
  }

  /** The identity of a person's device on a server. `issuers`: what is in the file after the certificate. */
  async identity(
    serverUrl: string,
    leaf: Made,
    { issuers = [], ...more }: { issuers?: Made[] } & Partial<ImportOptions> = {},
  ): Promise<Identity> {
    const certificatePem = [leaf, ...issuers].map(({ pem }) => pem).join('');
    return importIdentity({ serverUrl, certificatePem, privateKeyPem: leaf.keyPem, ...more });
  }

  async close(): Promise<void> {
    await rm(this.#dir, { recursive: true });
  }

  get #caBundle(): string {
    return join(this.#dir, 'ca.pem');
  }

  get #crl(): string {
    return join(this.#dir, 'crl.pem');
  }
}
