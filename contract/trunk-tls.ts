/** How Canopy connects to a trunk over TLS. */
import { z } from 'zod';

/** A file in the folder `trunk-tls` of the data folder. */
const file = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, {
  error: 'write the name of a file in the folder trunk-tls, without a path',
});

export const trunkTls = z
  .object({
    /** Certificate that Canopy presents, with its chain, and the key for it: PEM files. Default: none. */
    certificate: file.optional(),
    key: file.optional(),
    /** Authorities that must have issued the trunk's certificate, instead of those that Node trusts: a PEM file. */
    ca: file.optional(),
    /** Name that the trunk's certificate must be for. Default: the host of the URI. */
    serverName: z
      .string()
      .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/)
      .optional(),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    error: 'a certificate needs its key, and a key its certificate',
    path: ['key'],
  });
export type TrunkTls = z.infer<typeof trunkTls>;
