import { readFile, stat } from 'node:fs/promises';
import { CanopyError } from '../../base/errors/index.ts';
import type { Config } from '../../base/index.ts';
import {
  AnchorSet,
  type Certificate,
  parseCertificate,
  parseCrl,
  RevocationLists,
  requireReadableKey,
} from '../../contract/x509/index.ts';
import type { Authority } from './authority.ts';
import { fromPem } from './chain-codec.ts';
import { sha256Hex } from './names.ts';
import type { IdentitySource, VerifiedDevice } from './verified-device.ts';

export interface TrustStoreOptions {
  /** The deployment CA: its accounts are always trusted. */
  authority: Authority;
  policy: Config['identity']['policy'];
  /** PEM file with a company's CA certificates. Required for `pki`, ignored otherwise. */
  caBundleFile?: string | undefined;
  /** PEM file with those CAs' revocation lists. Without it, only the deployment's own revocations apply. */
  crlFile?: string | undefined;
  /** Minimum time between two checks of the files for changes, in milliseconds. Default 1000. */
  checkIntervalMs?: number | undefined;
  /** Called when a changed file is unusable. The previously loaded data stays in use. */
  onReloadError?: ((error: CanopyError) => void) | undefined;
}

/** The authorities that the server trusts, and their revocation lists. Changed files are re-read at the next verification. */
export class TrustStore {
  readonly policy: TrustStoreOptions['policy'];
  readonly #options: TrustStoreOptions;
  readonly #files: string[];
  readonly #ownAnchor: Certificate;
  #anchors = new AnchorSet([]);
  #companyAuthorities: readonly Certificate[] = [];
  #lists = new RevocationLists([]);
  #stamp = '';
  #version = 0;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  /** Reads the files. @throws {CanopyError} CONFIG_INVALID - a file is missing or unusable */
  static async create(options: TrustStoreOptions): Promise<TrustStore> {
    if (options.policy === 'pki' && !options.caBundleFile) {
      throw new CanopyError('CONFIG_INVALID', 'identity.policy pki requires identity.caBundle');
    }
    const store = new TrustStore(options);
    await store.reload();
    return store;
  }

  private constructor(options: TrustStoreOptions) {
    this.#options = options;
    this.policy = options.policy;
    const files = options.policy === 'pki' ? [options.caBundleFile, options.crlFile] : [];
    this.#files = files.filter((file) => file !== undefined);
    this.#ownAnchor = parseCertificate(options.authority.certificateDer);
  }

  get anchors(): AnchorSet {
    return this.#anchors;
  }

  /** The company's authorities above which there are no others that are trusted: where paths end. */
  get companyAuthorities(): readonly Certificate[] {
    return this.#companyAuthorities;
  }

  /** SHA-256 of the keys of the authorities to which the paths of these devices lead: 64 hex digits each, sorted. */
  authorityKeys(source: IdentitySource): string[] {
    const authorities = source === 'invite' ? [this.#ownAnchor] : this.#companyAuthorities;
    return [...new Set(authorities.map(({ spki }) => sha256Hex(spki)))].sort();
  }

  /** Increases whenever the files are re-read. */
  get version(): number {
    return this.#version;
  }

  get revocationLists(): RevocationLists {
    return this.#lists;
  }

  /** Whether this is the deployment CA. */
  isOwn(anchor: Certificate): boolean {
    return anchor === this.#ownAnchor;
  }

  /** Whether the deployment revoked the device, its account, or the account's certificate. */
  isRevoked({ deviceId, accountId, source, serialHex }: VerifiedDevice): boolean {
    const { revocation } = this.#options.authority;
    // A company's CA may have used the same serial numbers.
    return revocation.isRevoked(deviceId, accountId, ...(source === 'invite' ? [serialHex] : []));
  }

  /**
   * Re-reads the files. On an error, the previously loaded data stays in use.
   *
   * @throws {CanopyError} CONFIG_INVALID - a file is missing or unusable
   */
  async reload(): Promise<void> {
    const stamp = await this.#currentStamp();
    const { bundle, lists } = await readTrustFiles(this.#options);
    this.#anchors = new AnchorSet([this.#ownAnchor, ...bundle]);
    this.#companyAuthorities = topmost(bundle);
    this.#lists = new RevocationLists(lists);
    this.#stamp = stamp;
    this.#version += 1;
  }

  /** Reloads the files if one has changed. Checks at most once per `checkIntervalMs`. Never rejects. */
  async refresh(): Promise<void> {
    const { checkIntervalMs = 1000 } = this.#options;
    if (this.#files.length === 0 || performance.now() - this.#checkedAtMs < checkIntervalMs) {
      return;
    }
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#checkedAtMs = performance.now();
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const stamp = await this.#currentStamp();
    if (stamp === this.#stamp) {
      return;
    }
    try {
      await this.reload();
    } catch (error) {
      // Report each change of the files only once.
      this.#stamp = stamp;
      this.#options.onReloadError?.(CanopyError.from(error));
    }
  }

  async #currentStamp(): Promise<string> {
    const stats = await Promise.all(
      this.#files.map((file) => stat(file, { bigint: true }).catch(() => undefined)),
    );
    return stats.map((s) => (s ? `${s.ino} ${s.size} ${s.mtimeNs}` : 'absent')).join();
  }
}

/** Reads the trust files of a company's PKI. @throws {CanopyError} CONFIG_INVALID - a file is missing or unusable */
export async function readTrustFiles({
  policy,
  caBundleFile,
  crlFile,
}: Pick<TrustStoreOptions, 'policy' | 'caBundleFile' | 'crlFile'>): Promise<{
  bundle: Certificate[];
  lists: ReturnType<typeof parseCrl>[];
}> {
  const isPki = policy === 'pki';
  return {
    bundle: isPki && caBundleFile ? await readBundle(caBundleFile) : [],
    lists: isPki && crlFile ? await readLists(crlFile) : [],
  };
}

/** Those that none of the others issued. */
function topmost(bundle: readonly Certificate[]): Certificate[] {
  const all = new AnchorSet(bundle);
  return bundle.filter((each) => each.selfIssued || all.issuersOf(each).length === 0);
}

async function readBundle(file: string): Promise<Certificate[]> {
  const certificates = fromPem(await read(file, 'identity.caBundle'), 'CERTIFICATE').map(async (der, i) => {
    const what = `identity.caBundle: certificate ${i + 1} of ${file}`;
    let certificate: Certificate;
    try {
      certificate = parseCertificate(der);
      await requireReadableKey(certificate.key, 'its key');
    } catch (cause) {
      throw new CanopyError('CONFIG_INVALID', `${what}: ${CanopyError.from(cause).detail}`, { cause });
    }
    if (!certificate.extensions.basicConstraints?.ca) {
      throw new CanopyError('CONFIG_INVALID', `${what} is not an authority`);
    }
    return certificate;
  });
  const bundle = await Promise.all(certificates);
  if (bundle.length === 0) {
    throw new CanopyError('CONFIG_INVALID', `identity.caBundle: no certificate in ${file}`);
  }
  return bundle;
}

async function readLists(file: string): Promise<ReturnType<typeof parseCrl>[]> {
  const lists = fromPem(await read(file, 'identity.crl'), 'X509 CRL', 'CRL').map((der, i) => {
    try {
      return parseCrl(der);
    } catch (cause) {
      throw new CanopyError('CONFIG_INVALID', `identity.crl: list ${i + 1} of ${file} cannot be read`, {
        cause,
      });
    }
  });
  if (lists.length === 0) {
    throw new CanopyError('CONFIG_INVALID', `identity.crl: no revocation list in ${file}`);
  }
  return lists;
}

async function read(file: string, key: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new CanopyError('CONFIG_INVALID', `${key}: ${file} cannot be read (${cause.code})`, { cause });
  });
}
