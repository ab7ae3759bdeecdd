/** Valid fields of a trunk. Stored trunks may predate these rules; the gateway skips those that it cannot use. */
import { z } from 'zod';
import { parseCertificate } from '../../../contract/x509/index.ts';

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;

/** Certificates of authorities, PEM. */
export const authorities = z
  .string()
  .max(200_000)
  .refine(
    (pem) => {
      const found = [...pem.matchAll(PEM)];
      try {
        for (const [, base64 = ''] of found) {
          parseCertificate(Buffer.from(base64, 'base64'));
        }
      } catch {
        return false;
      }
      return found.length > 0;
    },
    { error: 'give certificates in PEM form' },
  );

/** An IP address, or a network in CIDR notation. Host names are not allowed: they would have to be resolved repeatedly. */
export const trunkAddress = z
  .string()
  .refine(
    (value) => [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()].some((form) => form.safeParse(value).success),
    {
      error: 'write an IP address or a network, such as 192.0.2.1 or 192.0.2.0/24',
    },
  );

/** Scheme, optional user, host, optional port, optional parameters (RFC 3261 §19.1.1, without headers). */
const SIP_URI =
  /^sips?:(?:[\w.!~*'()&=+$,;?/%-]+@)?(?:\[[\d:a-f.]+\]|(?=[a-z\d.-]*[a-z\d](?:[:;]|$))[a-z\d][a-z\d.-]*)(?::(\d{1,5}))?(?:;[\w.!~*'()&+$/:[\]%-]+(?:=[\w.!~*'()&+$/:[\]%-]+)?)*$/i;

/** `sip:` or `sips:` URI of the next hop, e.g. `sip:pbx.example;transport=tcp`. */
export const trunkUri = z
  .string()
  .max(256)
  .refine(
    (value) => {
      const [, port = '5060'] = SIP_URI.exec(value) ?? [undefined, '0'];
      return Number(port) > 0 && Number(port) <= 65_535;
    },
    { error: 'write a SIP URI, such as sip:pbx.example or sips:pbx.example:5061;transport=tcp' },
  );
