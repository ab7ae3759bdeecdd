import { z } from 'zod';
import { domain, email, flag, httpsUrl, list } from './values.ts';

/** The HTTPS certificate from an ACME authority (RFC 8555). */
export const acmeSection = z
  .strictObject({
    domains: list(domain)
      .default([])
      .describe(
        'Names of this server for which it gets its HTTPS certificate from an ACME authority such as Let’s Encrypt, comma-separated, e.g. `meet.example`. Port 443 of each must lead to `server.port` without a proxy that ends TLS. Default: no ACME.',
      ),
    agreeTerms: flag
      .default(false)
      .describe('Whether you agree to the authority’s terms of service. Required for `acme.domains`.'),
    email: email
      .optional()
      .describe('Address to which the authority may write about the certificate. Default: none.'),
    directory: httpsUrl
      .default('https://acme-v02.api.letsencrypt.org/directory')
      .describe('The authority’s ACME directory. Default: Let’s Encrypt.'),
  })
  .refine(({ domains, agreeTerms }) => domains.length === 0 || agreeTerms, {
    error: 'acme.domains requires acme.agreeTerms: read the authority’s terms of service and set it to true',
  })
  .prefault({});
