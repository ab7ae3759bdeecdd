/** Interface of the certificate makers. Each test case runs with two independent ones. */

export type KeyKind =
  | 'P-256'
  | 'P-384'
  | 'P-521'
  | 'P-224'
  | 'secp256k1'
  | 'RSA-1024'
  | 'RSA-2048'
  | 'Ed25519';

export interface ExtensionSpec {
  /** `CA:TRUE` or `CA:FALSE`; undefined leaves the extension out. */
  ca?: boolean | undefined;
  pathLength?: number | undefined;
  basicConstraintsCritical?: boolean;
  keyUsage?: ('digitalSignature' | 'keyAgreement' | 'keyCertSign' | 'cRLSign')[] | undefined;
  /** Object identifiers. */
  extKeyUsage?: string[] | undefined;
  email?: string | undefined;
  uri?: string | undefined;
  subjectKeyId?: boolean;
  authorityKeyId?: boolean;
  /** Any other extension, with its DER value in hex. */
  other?: { oid: string; critical: boolean; valueHex: string };
}

export interface CertificateSpec extends ExtensionSpec {
  subject: string;
  /** Default P-256. */
  key?: KeyKind | undefined;
  /** Reuses this certificate's key. */
  renews?: Made;
  /** The issuer; undefined makes it self-signed. */
  issuer?: Made | undefined;
  /** Default SHA-256. */
  hash?: 'MD5' | 'SHA-1' | 'SHA-224' | 'SHA-256' | 'SHA-384';
  /** Signs with RSASSA-PSS. openssl only. */
  pss?: boolean;
  /** Default 3; 1 has no extensions. openssl only. */
  version?: 1 | 3;
  notBeforeMs: number;
  notAfterMs: number;
}

export interface CrlSpec {
  issuer: Made;
  revoked: Made[];
  thisUpdateMs: number;
  nextUpdateMs: number;
}

/** A certificate with its private key. */
export interface Made {
  name: string;
  der: Uint8Array;
  pem: string;
  /** PKCS#8. */
  keyPem: string;
}

export interface Maker {
  readonly name: string;
  certificate(spec: CertificateSpec): Promise<Made>;
  /** PEM. */
  crl(spec: CrlSpec): Promise<string>;
}
