/** API tokens: named secrets with a part of the operator's rights; and the keys of administrators in the page. */
export { type ApiToken, ApiTokens, type NewApiToken } from './api-tokens.ts';
export { ConsoleKeys } from './console-keys.ts';
export { API_TOKEN_MIGRATIONS } from './migrations.ts';
