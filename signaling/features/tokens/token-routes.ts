import { type ApiToken, demandScope, errorResponses, type Kernel } from '../../kernel/index.ts';
import {
  createdToken,
  expiryOf,
  revokedToken,
  type TokenInfo,
  tokenList,
  tokenParams,
  tokenRequest,
} from './rest.ts';

/** Routes for administrators: create, list and revoke API tokens. */
export function registerTokenRoutes(kernel: Kernel): void {
  const { tokens, log } = kernel;
  kernel.adminRoutes('token.administer', (app) => {
    app.post(
      '/api/tokens',
      {
        config: { act: 'token.create' },
        schema: {
          description:
            'Creates an API token and returns its secret, only this once. A token can create others only with scopes that it has itself, and none that outlives it.',
          body: tokenRequest,
          response: { 200: createdToken, ...errorResponses },
        },
      },
      async ({ body, principal }) => {
        for (const scope of body.scopes) {
          demandScope(principal, scope);
        }
        const { token, secret } = await tokens.create({
          name: body.name,
          scopes: [...new Set(body.scopes)],
          rooms: body.rooms ?? null,
          createdBy: principal.name,
          expiresAtMs: earlier(expiryOf(body, Date.now()), principal.expiresAtMs),
        });
        log.info({ tokenId: token.tokenId, name: token.name, by: principal.name }, 'API token created');
        return { ...infoOf(token), token: secret };
      },
    );
    app.get(
      '/api/tokens',
      {
        schema: {
          description:
            'API tokens, latest first, expired ones included. Their secrets cannot be shown again.',
          response: { 200: tokenList, ...errorResponses },
        },
      },
      async () => ({ tokens: tokens.list().map(infoOf) }),
    );
    app.delete(
      '/api/tokens/:tokenId',
      {
        config: { act: 'token.revoke' },
        schema: {
          description: 'Revokes an API token. From then on it is refused with API_KEY_INVALID.',
          params: tokenParams,
          response: { 200: revokedToken, ...errorResponses },
        },
      },
      async ({ params, principal }) => {
        const { tokenId, name } = await tokens.revoke(params.tokenId);
        log.info({ tokenId, name, by: principal.name }, 'API token revoked');
        return { name };
      },
    );
  });
}

/** The earlier of two times; null: never. */
function earlier(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.min(one, other);
}

function infoOf(token: ApiToken): TokenInfo {
  return {
    ...token,
    scopes: [...token.scopes],
    rooms: token.rooms === null ? null : [...token.rooms],
  };
}
