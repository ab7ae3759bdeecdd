import type { Config } from '../base/index.ts';
import { type AccountInfo, accountList, revokeResponse } from '../signaling/protocol/index.ts';
import { OwnApi } from './own-api.ts';

/** How many accounts are asked for at once. */
const PAGE = 1000;

/** The accounts of the running server with their devices, for a person to read. */
export async function accounts(config: Config, { url }: { url?: string }): Promise<string> {
  const api = new OwnApi(config, url);
  const all: AccountInfo[] = [];
  let page: AccountInfo[];
  do {
    const last = all.at(-1);
    const before = last ? `&before=${last.accountId}` : '';
    page = accountList.parse(await api.call('GET', `/api/accounts?limit=${PAGE}${before}`)).accounts;
    all.push(...page);
  } while (page.length === PAGE);
  return all.length === 0 ? 'Nobody has enrolled yet.\n' : all.map(describe).join('\n');
}

/** Revokes an account, or one device of it, at the running server. */
export async function revoke(
  config: Config,
  accountId: string,
  { device, url }: { device?: string; url?: string },
): Promise<string> {
  const api = new OwnApi(config, url);
  const ids = [accountId, ...(device === undefined ? [] : ['devices', device])].map(encodeURIComponent);
  const { connectionsEnded } = revokeResponse.parse(
    await api.call('POST', `/api/accounts/${ids.join('/')}/revoke`),
  );
  const what = device === undefined ? 'The account' : 'The device';
  return `${what} is revoked for good. Connections that ended by it: ${connectionsEnded}.\n`;
}

function describe({ devices, ...account }: AccountInfo): string {
  const lines = [
    `${account.displayName}, ${account.role}, ${since(account)}${mark(account)}`,
    `  account ${account.accountId}`,
    ...devices.map(
      (device) => `  device  ${device.deviceId}  last seen ${minute(device.lastSeenAtMs)}${mark(device)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function since({ source, enrolledAtMs }: Pick<AccountInfo, 'source' | 'enrolledAtMs'>): string {
  return source === 'pki'
    ? `by certificate, first seen ${minute(enrolledAtMs)}`
    : `enrolled ${minute(enrolledAtMs)}`;
}

function mark({ revoked }: { revoked: boolean }): string {
  return revoked ? ', REVOKED' : '';
}

/** To the minute, UTC. */
function minute(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
