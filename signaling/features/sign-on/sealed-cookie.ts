import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EncryptJWT, jwtDecrypt } from 'jose';
import type { z } from 'zod';

const ENCRYPTION = { alg: 'dir', enc: 'A256GCM' };

export interface SealedCookieOptions<S extends z.ZodType> {
  /** Also separates this cookie's contents from those of others. */
  name: string;
  schema: S;
  maxAgeSeconds: number;
  /** `Lax`: also sent when another site's page leads here. */
  sameSite: 'Lax' | 'Strict';
}

/**
 * State that the browser keeps for the server, which stores nothing: encrypted with a key of this process, so that nobody can read or make
 * it, and bound to this host and browser (RFC 6265bis, prefix `__Host-`).
 */
export class SealedCookie<S extends z.ZodType> {
  readonly #options: SealedCookieOptions<S>;
  readonly #name: string;
  readonly #key = randomBytes(32);

  constructor(options: SealedCookieOptions<S>) {
    this.#options = options;
    this.#name = `__Host-${options.name}`;
  }

  async set(reply: FastifyReply, contents: z.output<S>): Promise<void> {
    const { maxAgeSeconds } = this.#options;
    const value = await new EncryptJWT({ contents })
      .setProtectedHeader(ENCRYPTION)
      .setExpirationTime(`${maxAgeSeconds} seconds`)
      .encrypt(this.#key);
    this.#write(reply, value, maxAgeSeconds);
  }

  /** The contents; undefined if there is no cookie, or it is too old or not ours. */
  async open({ headers }: Pick<FastifyRequest, 'headers'>): Promise<z.output<S> | undefined> {
    const prefix = `${this.#name}=`;
    const pair = headers.cookie
      ?.split(';')
      .map((each) => each.trim())
      .find((each) => each.startsWith(prefix));
    if (pair === undefined) {
      return undefined;
    }
    try {
      const { payload } = await jwtDecrypt(pair.slice(prefix.length), this.#key, {
        keyManagementAlgorithms: [ENCRYPTION.alg],
        contentEncryptionAlgorithms: [ENCRYPTION.enc],
      });
      return this.#options.schema.parse(payload.contents);
    } catch {
      return undefined;
    }
  }

  clear(reply: FastifyReply): void {
    this.#write(reply, '', 0);
  }

  #write(reply: FastifyReply, value: string, maxAgeSeconds: number): void {
    const { sameSite } = this.#options;
    // Browsers treat http://localhost as secure.
    reply.header(
      'set-cookie',
      `${this.#name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; Secure; SameSite=${sameSite}`,
    );
  }
}
