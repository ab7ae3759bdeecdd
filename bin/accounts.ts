import { CanopyError, type Config } from '../base/index.ts';
import { type AccountInfo, accountList, reinstateResponse, revokeResponse } from '../signaling/index.ts';
import { OwnApi } from './own-api.ts';
import { time } from './text.ts';
import { UsageError } from './usage-error.ts';

/** Number of accounts per request. */
const PAGE = 1000;
/** Number of digits shown of an id, enough to tell ids apart. */
const SHORT_ID = 12;

/** Lists the accounts of the running server with their devices, as text or JSON. */
export async function accounts(
  config: Config,
  { url, name, json }: { url?: string; name?: string; json?: boolean },
): Promise<string> {
  const all = await listAccounts(new OwnApi(config, url));
  const wanted = name === undefined ? all : all.filter(({ displayName }) => includes(displayName, name));
  if (json) {
    return `${JSON.stringify(wanted, null, 2)}\n`;
  }
  if (wanted.length > 0) {
    return wanted.map(describe).join('\n');
  }
  return all.length === 0 ? 'Nobody has enrolled yet.\n' : `Nobody's name contains ${name}.\n`;
}

/** Revokes an account, or one of its devices, on the running server. @throws {UsageError} the arguments do not identify one of them */
export async function revoke(
  config: Config,
  { id, name, device, url }: { id?: string | undefined; name?: string; device?: string; url?: string },
): Promise<string> {
  if ((id === undefined) === (name === undefined)) {
    throw new UsageError('say whom to revoke: an account id, or --name');
  }
  const api = new OwnApi(config, url);
  const { account, path, what } = await find(api, { id, name, device, isRevoked: false });
  const { connectionsEnded } = revokeResponse.parse(await api.call('POST', `${path}/revoke`));
  return `${what} is revoked (${account.displayName}). Connections closed: ${connectionsEnded}.\n`;
}

/** Takes back the revocation of an account or a device on the running server. @throws {UsageError} as revoke() */
export async function reinstate(
  config: Config,
  { id, name, device, url }: { id?: string | undefined; name?: string; device?: string; url?: string },
): Promise<string> {
  if ((id === undefined) === (name === undefined)) {
    throw new UsageError('say whom to reinstate: an account id, or --name');
  }
  const api = new OwnApi(config, url);
  const { account, path, what } = await find(api, { id, name, device, isRevoked: device === undefined });
  const { reinstated } = reinstateResponse.parse(await api.call('POST', `${path}/reinstate`));
  return reinstated
    ? `${what} may sign in again (${account.displayName}).\n`
    : `${what} was not revoked (${account.displayName}).\n`;
}

/** Finds what a command names. `isRevoked`: which of several people with a name it is about. */
async function find(
  api: OwnApi,
  {
    id,
    name,
    device,
    isRevoked,
  }: { id: string | undefined; name: string | undefined; device: string | undefined; isRevoked: boolean },
): Promise<{ account: AccountInfo; path: string; what: string }> {
  const all = await listAccounts(api);
  const account =
    id === undefined
      ? byName(all, name ?? '', isRevoked)
      : byId(all, id, ({ accountId }) => accountId, 'account');
  const path = `/api/accounts/${account.accountId}`;
  if (device === undefined) {
    return { account, path, what: 'The account' };
  }
  const whose = `device of ${account.displayName}`;
  const { deviceId } = byId(account.devices, device, (each) => each.deviceId, whose);
  return { account, path: `${path}/devices/${deviceId}`, what: 'The device' };
}

/** Deletes an account, or a room, on the running server, with everything that it left. @throws {UsageError} the arguments do not identify one */
export async function remove(
  config: Config,
  {
    id,
    name,
    room,
    yes,
    url,
  }: { id?: string | undefined; name?: string; room?: string; yes?: boolean; url?: string },
): Promise<string> {
  if ([id, name, room].filter((each) => each !== undefined).length !== 1) {
    throw new UsageError('say what to delete: an account id, --name, or --room');
  }
  const api = new OwnApi(config, url);
  if (room !== undefined) {
    requireYes(yes, `the room ${room} with its chat and files`);
    await api.call('DELETE', `/api/saved-rooms/${encodeURIComponent(room)}`);
    return `The room ${room} is deleted.\n`;
  }
  const all = await listAccounts(api);
  const account =
    id === undefined
      ? byName(all, name ?? '', false)
      : byId(all, id, ({ accountId }) => accountId, 'account');
  requireYes(yes, `${account.displayName} (${account.accountId}) with their messages, files and rooms`);
  await api.call('DELETE', `/api/accounts/${account.accountId}`);
  return `The account is deleted permanently (${account.displayName}).\n`;
}

/** @throws {UsageError} the user has not confirmed */
export function requireYes(yes: boolean | undefined, what: string): void {
  if (!yes) {
    throw new UsageError(`this would delete ${what}, and cannot be undone; add --yes to do it`);
  }
}

export async function listAccounts(api: OwnApi): Promise<AccountInfo[]> {
  const all: AccountInfo[] = [];
  let page: AccountInfo[];
  do {
    const last = all.at(-1);
    const before = last ? `&before=${last.accountId}` : '';
    page = accountList.parse(await api.call('GET', `/api/accounts?limit=${PAGE}${before}`)).accounts;
    all.push(...page);
  } while (page.length === PAGE);
  return all;
}

/**
 * @throws {CanopyError} IDENTITY_UNKNOWN
 * @throws {UsageError} `start` is not the start of an id, or several ids begin with it
 */
export function byId<T>(all: readonly T[], start: string, idOf: (each: T) => string, what: string): T {
  if (!/^[0-9a-f-]{4,64}$/i.test(start)) {
    throw new UsageError(
      `${start} is not an id: give at least its first 4 digits, as listed by the command that lists them`,
    );
  }
  const found = all.filter((each) => idOf(each).startsWith(start.toLowerCase()));
  const [only] = found;
  if (!only) {
    throw new CanopyError('IDENTITY_UNKNOWN', `${what} ${start}`);
  }
  if (found.length > 1) {
    const ids = found.map((each) => idOf(each).slice(0, SHORT_ID)).join(', ');
    throw new UsageError(`${found.length} ids begin with ${start}: ${ids}; give more digits`);
  }
  return only;
}

/**
 * @throws {CanopyError} IDENTITY_UNKNOWN
 * @throws {UsageError} several accounts have the name
 */
function byName(all: readonly AccountInfo[], name: string, isRevoked: boolean): AccountInfo {
  const found = all.filter(
    ({ displayName, revoked }) => revoked === isRevoked && fold(displayName) === fold(name),
  );
  const [only] = found;
  if (!only) {
    throw new CanopyError(
      'IDENTITY_UNKNOWN',
      `no ${isRevoked ? 'revoked' : 'active'} account is named ${name}`,
    );
  }
  if (found.length > 1) {
    const ids = found.map(({ accountId, role }) => `${accountId.slice(0, SHORT_ID)} (${role})`).join(', ');
    throw new UsageError(`${found.length} people are named ${name}: ${ids}; give the id`);
  }
  return only;
}

function includes(text: string, part: string): boolean {
  return fold(text).includes(fold(part));
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase().trim();
}

function describe({ devices, ...account }: AccountInfo): string {
  const lines = [
    `${account.displayName}, ${account.role}, ${since(account)}${mark(account)}`,
    `  account ${account.accountId}`,
    ...devices.flatMap((device) => [
      `  device  ${device.deviceId}${device.name === null ? '' : ` “${device.name}”`}${mark(device)}`,
      `          ${device.userAgent ?? 'unknown client'}, first seen ${time(device.firstSeenAtMs)}, last seen ${time(device.lastSeenAtMs)}`,
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function since({ source, enrolledAtMs }: Pick<AccountInfo, 'source' | 'enrolledAtMs'>): string {
  switch (source) {
    case 'pki':
      return `by certificate, first seen ${time(enrolledAtMs)}`;
    case 'tofu':
      return `uninvited, let in ${time(enrolledAtMs)}`;
    case 'invite':
      return `enrolled ${time(enrolledAtMs)}`;
  }
}

function mark({ revoked }: { revoked: boolean }): string {
  return revoked ? ', REVOKED' : '';
}
