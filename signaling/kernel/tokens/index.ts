/** API tokens: named secrets with a part of the operator's rights. */
export { type ApiToken, ApiTokens, type NewApiToken } from './api-tokens.ts';
export { API_TOKEN_MIGRATIONS } from './migrations.ts';
