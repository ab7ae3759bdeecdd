import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Logger } from '../../base/index.ts';
import type { SipTrunk, TelephonyConfig } from '../../contract/index.ts';
import type { ClientTls } from '../sip/index.ts';
import { hostOf } from './stack-settings.ts';

/** The folder in the data folder that has the trunks' certificates. */
const FOLDER = 'trunk-tls';

/** How to connect over TLS to the trunk whose URI, contact or proxy has this host. The files are read for each connection. */
export function trunkTls(
  { trunks }: Pick<TelephonyConfig, 'trunks'>,
  host: string,
  { dataDir, log }: { dataDir: string; log: Logger },
): ClientTls | undefined {
  const trunk = trunks.find((each) => each.tls && hostsOf(each).includes(host));
  if (!trunk?.tls) {
    return undefined;
  }
  const { certificate, key, ca, serverName } = trunk.tls;
  const read = (name: string | undefined) =>
    name === undefined ? undefined : readFileSync(join(dataDir, FOLDER, name), 'utf8');
  return {
    id: JSON.stringify([certificate, key, ca, serverName]),
    serverName,
    load: () => {
      try {
        const [cert, privateKey, authorities] = [read(certificate), read(key), read(ca)];
        const files = {
          ...(cert !== undefined && { cert }),
          ...(privateKey !== undefined && { key: privateKey }),
          ...(authorities !== undefined && { ca: authorities }),
        };
        createSecureContext(files);
        return files;
      } catch (error) {
        log.error({ err: error, trunk: trunk.name }, 'the certificates of a trunk cannot be used');
        return undefined;
      }
    },
  };
}

function hostsOf({ uri, contacts = [], proxy }: SipTrunk): string[] {
  const uris = [uri, ...contacts.map((contact) => contact.uri), ...(proxy === undefined ? [] : [proxy])];
  return uris.map((each) => hostOf(each).replace(/^\[|\]$/g, ''));
}
