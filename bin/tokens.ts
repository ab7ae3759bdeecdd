import type { Config } from '../base/index.ts';
import { SCOPES } from '../contract/index.ts';
import { createdToken, type TokenInfo, tokenList } from '../signaling/index.ts';
import { OwnApi } from './own-api.ts';
import { time } from './text.ts';
import { UsageError } from './usage-error.ts';

export interface TokenOptions {
  url?: string;
  scope: string[];
  room?: string[];
  /** A number of days, or `never`. */
  expiresDays?: string;
  json?: boolean;
}

/** Creates an API token on the running server. Returns its secret, and a line about it for people. */
export async function createToken(
  config: Config,
  name: string,
  { url, scope, room, expiresDays, json }: TokenOptions,
): Promise<{ secret: string; note: string }> {
  const unknown = scope.filter((each) => !Object.hasOwn(SCOPES, each));
  if (unknown.length > 0) {
    throw new UsageError(`unknown scope ${unknown.join(', ')}; the scopes are ${scopesText()}`);
  }
  const days = expiresDays === undefined || expiresDays === 'never' ? null : Number(expiresDays);
  if (days !== null && !(days > 0)) {
    throw new UsageError('--expires-days is a number of days, or never');
  }
  const created = createdToken.parse(
    await new OwnApi(config, url).call('POST', '/api/tokens', {
      name,
      scopes: scope,
      ...(room !== undefined && { rooms: room }),
      ...(expiresDays !== undefined && { expiresInDays: days }),
    }),
  );
  if (json) {
    return { secret: JSON.stringify(created, null, 2), note: '' };
  }
  const until =
    created.expiresAtMs === null ? 'It never expires' : `Valid until ${time(created.expiresAtMs)}`;
  return { secret: created.token, note: `${until}. It cannot be shown again.\n` };
}

/** Lists the API tokens of the running server, as text or JSON. */
export async function listTokens(
  config: Config,
  { url, json }: { url?: string; json?: boolean },
): Promise<string> {
  const tokens = await allTokens(new OwnApi(config, url));
  if (json) {
    return `${JSON.stringify(tokens, null, 2)}\n`;
  }
  return tokens.length === 0 ? 'There are no API tokens.\n' : tokens.map(describe).join('\n');
}

/** Revokes an API token of the running server. @throws {UsageError} none has this name or id */
export async function revokeToken(
  config: Config,
  nameOrId: string,
  { url }: { url?: string },
): Promise<string> {
  const api = new OwnApi(config, url);
  const token = (await allTokens(api)).find(({ name, tokenId }) => name === nameOrId || tokenId === nameOrId);
  if (!token) {
    throw new UsageError(`no API token has the name or id ${nameOrId}; canopy token list shows all`);
  }
  await api.call('DELETE', `/api/tokens/${token.tokenId}`);
  return `The token is revoked (${token.name}).\n`;
}

/** Each scope on a line, with what it permits. */
function scopesText(): string {
  const lines = Object.entries(SCOPES).map(([scope, permits]) => `  ${scope.padEnd(18)} ${permits}`);
  return `\n${lines.join('\n')}`;
}

async function allTokens(api: OwnApi): Promise<TokenInfo[]> {
  return tokenList.parse(await api.call('GET', '/api/tokens')).tokens;
}

function describe(token: TokenInfo): string {
  const { expiresAtMs, lastUsedAtMs, rooms } = token;
  const expiry =
    expiresAtMs === null
      ? 'never expires'
      : `${expiresAtMs <= Date.now() ? 'EXPIRED' : 'expires'} ${time(expiresAtMs)}`;
  const lines = [
    `${token.name}, ${expiry}`,
    `  id      ${token.tokenId}`,
    `  scopes  ${token.scopes.join(' ')}`,
    ...(rooms === null ? [] : [`  rooms   ${rooms.join(' ')}`]),
    `  created ${time(token.createdAtMs)} by ${token.createdBy}, last used ${lastUsedAtMs === null ? 'never' : time(lastUsedAtMs)}`,
  ];
  return `${lines.join('\n')}\n`;
}
