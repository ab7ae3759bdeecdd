import { readFile, stat } from 'node:fs/promises';
import { CanopyError } from '../../base/errors/index.ts';
import {
  AnchorSet,
  type Certificate,
  parseCertificate,
  requireReadableKey,
} from '../../contract/x509/index.ts';
import type { Authority } from './authority.ts';
import { fromPem } from './chain-codec.ts';
import { parseCrl } from './crl.ts';
import { RevocationLists } from './revocation-lists.ts';
import type { VerifiedDevice } from './verified-device.ts';

export interface TrustStoreOptions {
  /** The deployment CA: its accounts are always trusted. */
  authority: Authority;
  policy: 'invite' | 'pki';
  /** File with a company's authorities (PEM). Needed for `pki`, unused for `invite`. */
  caBundleFile?: string | undefined;
  /** File with revocation lists of those authorities (PEM). Without it, only own revocations are known. */
  crlFile?: string | undefined;
  /** How often the files are looked at, at most, in milliseconds. Default 1000. */
  lookIntervalMs?: number | undefined;
  /** Called when a changed file could not be read; the previously loaded data stays in force. */
  onReloadError?: ((error: CanopyError) => void) | undefined;
}

/** Whom the server trusts. Its files are read again when they change, at the next verification. */
export class TrustStore {
  readonly policy: 'invite' | 'pki';
  readonly #options: TrustStoreOptions;
  readonly #files: string[];
  readonly #ownAnchor: Certificate;
  #anchors = new AnchorSet([]);
  #lists = new RevocationLists([]);
  #stamp = '';
  #version = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  /** Reads the files. Errors: `CONFIG_INVALID` naming what is wrong with them. */
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

  /** Changes whenever the files are re-read. */
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
    // A company's serial numbers are not ours to compare with.
    return revocation.isRevoked(deviceId, accountId, ...(source === 'invite' ? [serialHex] : []));
  }

  /** Re-reads the files. On an error, the previously loaded data stays in force. Errors: `CONFIG_INVALID`. */
  async reload(): Promise<void> {
    const stamp = await this.#look();
    const { bundle, lists } = await readTrustFiles(this.#options);
    this.#anchors = new AnchorSet([this.#ownAnchor, ...bundle]);
    this.#lists = new RevocationLists(lists);
    this.#stamp = stamp;
    this.#version += 1;
  }

  /** Looks whether a file changed, not more often than lookIntervalMs, and reloads then. Never throws. */
  async refresh(): Promise<void> {
    const { lookIntervalMs = 1000 } = this.#options;
    if (this.#files.length === 0 || performance.now() - this.#lookedAtMs < lookIntervalMs) {
      return;
    }
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#lookedAtMs = performance.now();
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const stamp = await this.#look();
    if (stamp === this.#stamp) {
      return;
    }
    try {
      await this.reload();
    } catch (error) {
      // Reported once per change of the files.
      this.#stamp = stamp;
      this.#options.onReloadError?.(CanopyError.from(error));
    }
  }

  async #look(): Promise<string> {
    const stats = await Promise.all(
      this.#files.map((file) => stat(file, { bigint: true }).catch(() => undefined)),
    );
    return stats.map((s) => (s ? `${s.ino} ${s.size} ${s.mtimeNs}` : 'absent')).join();
  }
}

/** Reads the trust files of a company's PKI. Errors: `CONFIG_INVALID`, naming the problem. */
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

async function readBundle(file: string): Promise<Certificate[]> {
  const presented = fromPem(await read(file, 'identity.caBundle'), 'CERTIFICATE').map(async (der, i) => {
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
  const bundle = await Promise.all(presented);
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
