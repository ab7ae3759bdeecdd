export { createdToken, type TokenInfo, tokenList } from './rest.ts';
export { registerTokenRoutes } from './token-routes.ts';
