import type { CertificateSpec, Made, Maker } from './types.ts';

const DAY_MS = 86_400_000;

/** A company's PKI for tests: a root, an issuing authority, and whatever else a test needs. */
export class Pki {
  readonly #maker: Maker;
  /** When certificates are validated by default, as Unix time in milliseconds, rounded to a second. */
  readonly nowMs: number;
  readonly root: Made;
  readonly issuing: Made;

  static async create(maker: Maker, nowMs: number = Math.floor(Date.now() / 1000) * 1000): Promise<Pki> {
    const root = await maker.certificate(authoritySpec('Company Root', nowMs));
    const issuing = await maker.certificate(authoritySpec('Company Issuing', nowMs, { issuer: root }));
    return new Pki(maker, nowMs, root, issuing);
  }

  private constructor(maker: Maker, nowMs: number, root: Made, issuing: Made) {
    this.#maker = maker;
    this.nowMs = nowMs;
    this.root = root;
    this.issuing = issuing;
  }

  /** A person's leaf, by default under the issuing authority. */
  leaf(spec: Partial<CertificateSpec> = {}): Promise<Made> {
    return this.#maker.certificate({
      subject: unique('Person'),
      issuer: this.issuing,
      ca: false,
      keyUsage: ['digitalSignature'],
      extKeyUsage: ['1.3.6.1.5.5.7.3.2'],
      email: 'person@example.com',
      notBeforeMs: this.nowMs - DAY_MS,
      notAfterMs: this.nowMs + DAY_MS,
      ...spec,
    });
  }

  /** An authority, by default under the root. */
  authority(spec: Partial<CertificateSpec> = {}): Promise<Made> {
    return this.#maker.certificate(
      authoritySpec(unique('Authority'), this.nowMs, { issuer: this.root, ...spec }),
    );
  }

  /** A leaf with this many authorities above it, the root included. */
  async deep(authorities: number): Promise<{ chain: Made[] }> {
    const above: Made[] = [];
    for (let issuer = this.root; above.length < authorities - 1; ) {
      issuer = await this.authority({ issuer });
      above.unshift(issuer);
    }
    return { chain: [await this.leaf({ issuer: above[0] ?? this.root }), ...above] };
  }

  /** A revocation list, by default current for another day. */
  crl(
    issuer: Made,
    revoked: Made[],
    { thisUpdateMs = this.nowMs - DAY_MS, nextUpdateMs = this.nowMs + DAY_MS } = {},
  ): Promise<string> {
    return this.#maker.crl({ issuer, revoked, thisUpdateMs, nextUpdateMs });
  }
}

function authoritySpec(subject: string, nowMs: number, spec: Partial<CertificateSpec> = {}): CertificateSpec {
  return {
    subject,
    ca: true,
    keyUsage: ['keyCertSign', 'cRLSign'],
    notBeforeMs: nowMs - 2 * DAY_MS,
    notAfterMs: nowMs + 365 * DAY_MS,
    ...spec,
  };
}

let count = 0;

function unique(stem: string): string {
  count += 1;
  return `${stem} ${count}`;
}
